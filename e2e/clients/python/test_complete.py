"""passage-identity for Python, as published, against passage-server."""

import itertools
import unittest
import urllib.parse

import jwt
import service  # before the library, which must find the server
from passageidentity import (
    CreateUserArgs,
    MagicLinkChannel,
    MagicLinkLanguage,
    MagicLinkOptions,
    MagicLinkType,
    MagicLinkWithEmailArgs,
    MagicLinkWithPhoneArgs,
    MagicLinkWithUserArgs,
    Passage,
    PassageError,
    UpdateUserArgs,
    UserStatus,
)

passage = Passage(service.APP_ID, service.API_KEY)
numbers = itertools.count(1)


def new_user(**members):
    """A user with an address of their own."""
    return passage.user.create(CreateUserArgs(email=f"user-{next(numbers)}@example.com", **members))


class Case(unittest.TestCase):
    def assert_refused(self, status, code, call, *arguments):
        """That a call fails with this answer of the server, which is returned."""
        with self.assertRaises(PassageError) as caught:
            call(*arguments)
        self.assertEqual((caught.exception.status_code, caught.exception.error_code), (status, code))
        return caught.exception


class Users(Case):
    def test_create_by_email(self):
        user = passage.user.create(CreateUserArgs(email="Ada@Example.com", user_metadata={"plan": "free"}))
        self.assertEqual(user.email, "ada@example.com")
        self.assertEqual(user.status, UserStatus.PENDING)
        self.assertEqual(user.user_metadata, {"plan": "free"})
        self.assertEqual((user.login_count, user.email_verified, user.webauthn_devices), (0, False, []))

    def test_create_by_phone(self):
        user = passage.user.create(CreateUserArgs(phone="+15005550101"))
        self.assertEqual((user.phone, user.email), ("+15005550101", ""))

    def test_create_twice_is_refused(self):
        user = new_user()
        error = self.assert_refused(400, "invalid_request", passage.user.create, CreateUserArgs(email=user.email))
        self.assertIn("already exists", str(error.message))

    def test_get(self):
        user = new_user()
        self.assertEqual(passage.user.get(user.id), user)

    def test_get_of_nobody(self):
        self.assert_refused(404, "user_not_found", passage.user.get, "nobody")

    def test_get_by_identifier_in_any_case(self):
        user = new_user()
        self.assertEqual(passage.user.get_by_identifier(user.email.upper()).id, user.id)

    def test_get_by_phone(self):
        user = passage.user.create(CreateUserArgs(phone="+15005550102"))
        self.assertEqual(passage.user.get_by_identifier("+15005550102").id, user.id)

    def test_get_by_identifier_of_nobody(self):
        self.assert_refused(404, "user_not_found", passage.user.get_by_identifier, "nobody@example.com")

    def test_update_changes_what_it_names(self):
        user = new_user(user_metadata={"plan": "free"})
        updated = passage.user.update(user.id, UpdateUserArgs(phone="+15005550103"))
        self.assertEqual((updated.phone, updated.email), ("+15005550103", user.email))
        self.assertEqual(updated.user_metadata, {"plan": "free"})
        updated = passage.user.update(user.id, UpdateUserArgs(user_metadata={"plan": "paid"}))
        self.assertEqual((updated.user_metadata, updated.phone), ({"plan": "paid"}, "+15005550103"))

    def test_activate_and_deactivate(self):
        user = new_user()
        self.assertEqual(passage.user.activate(user.id).status, UserStatus.ACTIVE)
        self.assertEqual(passage.user.deactivate(user.id).status, UserStatus.INACTIVE)
        self.assertEqual(passage.user.get(user.id).status, UserStatus.INACTIVE)

    def test_delete(self):
        user = new_user()
        self.assertIsNone(passage.user.delete(user.id))
        self.assert_refused(404, "user_not_found", passage.user.get, user.id)

    def test_a_wrong_key_is_refused(self):
        stranger = Passage(service.APP_ID, "not the key")
        self.assert_refused(401, "invalid_access_token", stranger.user.get, new_user().id)


class Devices(Case):
    def test_list_and_revoke(self):
        user = new_user()
        ids = {service.made(f"/_dev/users/{user.id}/devices")["device_id"] for _ in range(2)}
        self.assertEqual({device.id for device in passage.user.list_devices(user.id)}, ids)
        revoked = ids.pop()
        self.assertIsNone(passage.user.revoke_device(user.id, revoked))
        self.assertEqual([device.id for device in passage.user.list_devices(user.id)], list(ids))

    def test_revoke_of_an_unknown_device(self):
        self.assert_refused(404, "device_not_found", passage.user.revoke_device, new_user().id, "none")


class Sessions(Case):
    def test_revoked_refresh_tokens_are_refused(self):
        user = new_user()
        first = service.made(f"/_dev/users/{user.id}/sessions")["auth_result"]["refresh_token"]
        status, reply = service.auth_api("POST", "tokens", {"refresh_token": first})
        self.assertEqual(status, 201)
        self.assertIsNone(passage.user.revoke_refresh_tokens(user.id))
        second = reply["auth_result"]["refresh_token"]
        status, reply = service.auth_api("POST", "tokens", {"refresh_token": second})
        self.assertEqual((status, reply["code"]), (401, "invalid_refresh_token"))

    def test_the_token_of_a_session_is_good(self):
        user = new_user()
        session = service.made(f"/_dev/users/{user.id}/sessions")["auth_result"]
        self.assertEqual(passage.auth.validate_jwt(session["auth_token"]), user.id)


class Tokens(Case):
    def setUp(self):
        # One that has no keys yet: PyJWT fetches them at most twice a minute, and a test rotates them.
        self.auth = Passage(service.APP_ID, service.API_KEY).auth

    def test_good_ones_before_and_after_a_rotation_of_keys(self):
        before = service.token("somebody")
        service.made("/_dev/keys/rotate")
        after = service.token("another")
        self.assertEqual(self.auth.validate_jwt(before), "somebody")
        self.assertEqual(self.auth.validate_jwt(after), "another")

    # The library passes the errors of PyJWT on as they are.
    def assert_bad(self, text, error):
        with self.assertRaises(error):
            self.auth.validate_jwt(text)

    def test_a_forged_one(self):
        self.assert_bad(service.token("somebody", wrong_key=True), jwt.InvalidSignatureError)

    def test_one_that_expired(self):
        self.assert_bad(service.token("somebody", expires_at="2020-01-01T00:00:00Z"), jwt.ExpiredSignatureError)

    def test_one_of_another_app(self):
        self.assert_bad(service.token("somebody", audience=["another app"]), jwt.InvalidAudienceError)

    def test_none(self):
        self.assert_bad("", ValueError)


class MagicLinks(Case):
    def test_by_email_with_options(self):
        email = f"user-{next(numbers)}@example.com"
        link = passage.auth.create_magic_link(
            MagicLinkWithEmailArgs(email=email, link_type=MagicLinkType.LOGIN, send=False),
            MagicLinkOptions(
                language=MagicLinkLanguage.DE, magic_link_path="/welcome", redirect_url="/inside", ttl=7
            ),
        )
        self.assertEqual((link.identifier, link.ttl, link.redirect_url), (email, 7, "/inside"))
        self.assertEqual((link.type, link.activated, link.app_id), (MagicLinkType.LOGIN, False, service.APP_ID))
        self.assertEqual(urllib.parse.urlsplit(link.url).path, "/welcome")

    def test_by_phone(self):
        arguments = MagicLinkWithPhoneArgs(phone="+15005550104", link_type=MagicLinkType.LOGIN, send=False)
        self.assertEqual(passage.auth.create_magic_link(arguments).identifier, "+15005550104")

    def test_one_that_is_sent_signs_its_user_in_once(self):
        user = new_user()
        passage.auth.create_magic_link(
            MagicLinkWithUserArgs(
                user_id=user.id, channel=MagicLinkChannel.EMAIL, link_type=MagicLinkType.LOGIN, send=True
            )
        )
        _, outbox = service.call("GET", f"/_dev/outbox?wait=10&to={urllib.parse.quote(user.email)}")
        query = urllib.parse.urlsplit(outbox["messages"][-1]["url"]).query
        secret = urllib.parse.parse_qs(query)["psg_magic_link"][0]
        status, reply = service.auth_api("PATCH", "magic-link/activate", {"magic_link": secret})
        self.assertEqual(status, 200, reply)
        self.assertEqual(passage.auth.validate_jwt(reply["auth_result"]["auth_token"]), user.id)
        self.assertEqual(passage.user.get(user.id).login_count, 1)
        status, _ = service.auth_api("PATCH", "magic-link/activate", {"magic_link": secret})
        self.assertGreaterEqual(status, 400)

    def test_one_for_nobody(self):
        arguments = MagicLinkWithUserArgs(
            user_id="nobody", channel=MagicLinkChannel.EMAIL, link_type=MagicLinkType.LOGIN, send=False
        )
        self.assert_refused(404, "user_not_found", passage.auth.create_magic_link, arguments)


if __name__ == "__main__":
    unittest.main()
