//! The texts of messages. `{app}` is the app's name, `{code}` the code, `{time}` how long the code or link is valid.
//! In notices, `{name}` is the name of a passkey and `{new}` an e-mail address or phone number. `{client}`, `{address}`
//! and `{at}` say who sent the request that the message is about, and when. `{account}` names the account that would get
//! the address or number.

/// The texts of one language.
pub(super) struct Texts {
    /// Subject and text of a message with a code.
    pub(super) code: [&'static str; 2],
    /// Subject and text of a message with a link that signs in. The link follows on a line of its own.
    pub(super) sign_in: [&'static str; 2],
    /// Subject and text of a message with a link that confirms an address or number. The link follows in the same way.
    pub(super) confirm: [&'static str; 2],
    /// Subject and text of a message with a link that moves an address or number to an account. The reader may be a
    /// stranger to that account.
    pub(super) change: [&'static str; 2],
    /// The end of every message.
    pub(super) end: &'static str,
    /// Who sent the request that the message is about.
    pub(super) requester: &'static str,
    /// `{client}` if it is unknown.
    pub(super) unknown_client: &'static str,
    /// Subject and text of the notices.
    pub(super) passkey_added: [&'static str; 2],
    pub(super) passkey_removed: [&'static str; 2],
    pub(super) identifier_added: [&'static str; 2],
    pub(super) identifier_changed: [&'static str; 2],
    pub(super) identifier_removed: [&'static str; 2],
    pub(super) identifier_lost: [&'static str; 2],
    pub(super) addition_removed: [&'static str; 2],
    pub(super) change_undone: [&'static str; 2],
    pub(super) account_cleared: [&'static str; 2],
    /// What precedes a link that undoes the change.
    pub(super) undo: &'static str,
    /// The end of a notice.
    pub(super) notice_end: &'static str,
    /// Units of `{time}`.
    pub(super) minutes: &'static str,
    pub(super) hours: &'static str,
}

pub(super) static EN: Texts = Texts {
    code: ["Your code for {app}", "{code} is your code for {app}."],
    sign_in: ["Sign in to {app}", "Open this link to sign in to {app}:"],
    confirm: [
        "Confirm your contact details for {app}",
        "Open this link to confirm your contact details for {app}:",
    ],
    change: [
        "Confirm your contact details for {app}",
        "The account {account} at {app} wants to use this address or number. Open this link only if the account is yours: somebody else may have asked for it.",
    ],
    end: "It works once, within {time}. If you did not ask for it, ignore this message.",
    requester: "Requested by {client}, network address {address}, {at}.",
    unknown_client: "an unknown program",
    passkey_added: [
        "New passkey for {app}",
        "The passkey “{name}” was added to your account at {app}.",
    ],
    passkey_removed: [
        "Passkey removed from {app}",
        "The passkey “{name}” was removed from your account at {app}.",
    ],
    identifier_added: [
        "Your contact details for {app} have changed",
        "{new} was added to your account at {app}.",
    ],
    identifier_changed: [
        "Your contact details for {app} have changed",
        "Your account at {app} now uses {new} in place of this address or number.",
    ],
    identifier_removed: [
        "Your contact details for {app} have changed",
        "This address or number was removed from your account at {app}.",
    ],
    identifier_lost: [
        "Your contact details for {app} have changed",
        "{new} was removed from your account at {app}, because somebody else has confirmed that it belongs to them.",
    ],
    addition_removed: [
        "Your contact details for {app} have changed",
        "{new} was removed from your account at {app}, because you returned to this address or number and it was added in the meantime.",
    ],
    change_undone: [
        "A change at {app} was undone",
        "A change of the contact details of your account at {app} was undone. What was added since was removed, and all devices were signed out.",
    ],
    account_cleared: [
        "Your account at {app} is now yours alone",
        "You confirmed this address or number. Passkeys, sign-ins and contact details that were added to the account at {app} before were removed, because they may be somebody else's.",
    ],
    undo: "If this was not you, open this link within {time} to undo the change and sign out everywhere:",
    notice_end: "If this was not you, sign in to {app}, check your passkeys and contact details, and sign out everywhere.",
    minutes: " min",
    hours: " h",
};

pub(super) static DE: Texts = Texts {
    code: ["Ihr Code für {app}", "{code} ist Ihr Code für {app}."],
    sign_in: [
        "Anmelden bei {app}",
        "Öffnen Sie diesen Link, um sich bei {app} anzumelden:",
    ],
    confirm: [
        "Kontaktdaten für {app} bestätigen",
        "Öffnen Sie diesen Link, um Ihre Kontaktdaten für {app} zu bestätigen:",
    ],
    change: [
        "Kontaktdaten für {app} bestätigen",
        "Das Konto {account} bei {app} möchte diese Adresse oder Nummer verwenden. Öffnen Sie diesen Link nur, wenn es Ihr Konto ist: Jemand anders kann ihn angefordert haben.",
    ],
    end: "Er gilt einmal, für {time}. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.",
    requester: "Angefordert von {client}, Netzwerkadresse {address}, {at}.",
    unknown_client: "einem unbekannten Programm",
    passkey_added: [
        "Neuer Passkey für {app}",
        "Der Passkey „{name}“ wurde Ihrem Konto bei {app} hinzugefügt.",
    ],
    passkey_removed: [
        "Passkey bei {app} entfernt",
        "Der Passkey „{name}“ wurde aus Ihrem Konto bei {app} entfernt.",
    ],
    identifier_added: [
        "Ihre Kontaktdaten für {app} wurden geändert",
        "{new} wurde Ihrem Konto bei {app} hinzugefügt.",
    ],
    identifier_changed: [
        "Ihre Kontaktdaten für {app} wurden geändert",
        "Ihr Konto bei {app} verwendet jetzt {new} anstelle dieser Adresse oder Nummer.",
    ],
    identifier_removed: [
        "Ihre Kontaktdaten für {app} wurden geändert",
        "Diese Adresse oder Nummer wurde aus Ihrem Konto bei {app} entfernt.",
    ],
    identifier_lost: [
        "Ihre Kontaktdaten für {app} wurden geändert",
        "{new} wurde aus Ihrem Konto bei {app} entfernt, weil jemand anders bestätigt hat, dass sie ihm gehört.",
    ],
    addition_removed: [
        "Ihre Kontaktdaten für {app} wurden geändert",
        "{new} wurde aus Ihrem Konto bei {app} entfernt, weil Sie zu dieser Adresse oder Nummer zurückgekehrt sind und es in der Zwischenzeit hinzugefügt wurde.",
    ],
    change_undone: [
        "Eine Änderung bei {app} wurde rückgängig gemacht",
        "Eine Änderung der Kontaktdaten Ihres Kontos bei {app} wurde rückgängig gemacht. Was seitdem hinzugefügt wurde, wurde entfernt, und alle Geräte wurden abgemeldet.",
    ],
    account_cleared: [
        "Ihr Konto bei {app} gehört jetzt nur Ihnen",
        "Sie haben diese Adresse oder Nummer bestätigt. Passkeys, Anmeldungen und Kontaktdaten, die dem Konto bei {app} zuvor hinzugefügt wurden, wurden entfernt, da sie von jemand anderem stammen können.",
    ],
    undo: "Wenn Sie das nicht waren, öffnen Sie innerhalb von {time} diesen Link, um die Änderung rückgängig zu machen und sich überall abzumelden:",
    notice_end: "Wenn Sie das nicht waren, melden Sie sich bei {app} an, prüfen Sie Ihre Passkeys und Kontaktdaten und melden Sie sich überall ab.",
    minutes: " min",
    hours: " h",
};

pub(super) static ES: Texts = Texts {
    code: ["Tu código para {app}", "{code} es tu código para {app}."],
    sign_in: [
        "Inicia sesión en {app}",
        "Abre este enlace para iniciar sesión en {app}:",
    ],
    confirm: [
        "Confirma tus datos de contacto para {app}",
        "Abre este enlace para confirmar tus datos de contacto para {app}:",
    ],
    change: [
        "Confirma tus datos de contacto para {app}",
        "La cuenta {account} de {app} quiere usar esta dirección o número. Abre este enlace solo si la cuenta es tuya: puede haberlo pedido otra persona.",
    ],
    end: "Funciona una sola vez, durante {time}. Si no lo has pedido, ignora este mensaje.",
    requester: "Solicitado por {client}, dirección de red {address}, {at}.",
    unknown_client: "un programa desconocido",
    passkey_added: [
        "Nueva llave de acceso para {app}",
        "Se añadió la llave de acceso «{name}» a tu cuenta de {app}.",
    ],
    passkey_removed: [
        "Llave de acceso eliminada de {app}",
        "Se eliminó la llave de acceso «{name}» de tu cuenta de {app}.",
    ],
    identifier_added: [
        "Tus datos de contacto para {app} han cambiado",
        "{new} se añadió a tu cuenta de {app}.",
    ],
    identifier_changed: [
        "Tus datos de contacto para {app} han cambiado",
        "Tu cuenta de {app} usa ahora {new} en lugar de esta dirección o número.",
    ],
    identifier_removed: [
        "Tus datos de contacto para {app} han cambiado",
        "Esta dirección o número se eliminó de tu cuenta de {app}.",
    ],
    identifier_lost: [
        "Tus datos de contacto para {app} han cambiado",
        "{new} se eliminó de tu cuenta de {app} porque otra persona ha confirmado que le pertenece.",
    ],
    addition_removed: [
        "Tus datos de contacto para {app} han cambiado",
        "{new} se eliminó de tu cuenta de {app} porque has vuelto a esta dirección o número y se añadió entretanto.",
    ],
    change_undone: [
        "Se deshizo un cambio en {app}",
        "Se deshizo un cambio en los datos de contacto de tu cuenta de {app}. Se eliminó lo que se había añadido desde entonces y se cerraron todas las sesiones.",
    ],
    account_cleared: [
        "Tu cuenta de {app} ahora es solo tuya",
        "Has confirmado esta dirección o número. Las llaves de acceso, sesiones y datos de contacto que se añadieron antes a la cuenta de {app} se eliminaron, porque podrían ser de otra persona.",
    ],
    undo: "Si no has sido tú, abre este enlace en un plazo de {time} para deshacer el cambio y cerrar todas las sesiones:",
    notice_end: "Si no has sido tú, inicia sesión en {app}, revisa tus llaves de acceso y datos de contacto y cierra todas las sesiones.",
    minutes: " min",
    hours: " h",
};

pub(super) static IT: Texts = Texts {
    code: [
        "Il tuo codice per {app}",
        "{code} è il tuo codice per {app}.",
    ],
    sign_in: ["Accedi a {app}", "Apri questo link per accedere a {app}:"],
    confirm: [
        "Conferma i tuoi contatti per {app}",
        "Apri questo link per confermare i tuoi contatti per {app}:",
    ],
    change: [
        "Conferma i tuoi contatti per {app}",
        "L'account {account} di {app} vuole usare questo indirizzo o numero. Apri questo link solo se l'account è tuo: potrebbe averlo richiesto qualcun altro.",
    ],
    end: "Funziona una sola volta, entro {time}. Se non lo hai richiesto, ignora questo messaggio.",
    requester: "Richiesto da {client}, indirizzo di rete {address}, {at}.",
    unknown_client: "un programma sconosciuto",
    passkey_added: [
        "Nuova passkey per {app}",
        "La passkey «{name}» è stata aggiunta al tuo account di {app}.",
    ],
    passkey_removed: [
        "Passkey rimossa da {app}",
        "La passkey «{name}» è stata rimossa dal tuo account di {app}.",
    ],
    identifier_added: [
        "I tuoi contatti per {app} sono cambiati",
        "{new} è stato aggiunto al tuo account di {app}.",
    ],
    identifier_changed: [
        "I tuoi contatti per {app} sono cambiati",
        "Il tuo account di {app} usa ora {new} al posto di questo indirizzo o numero.",
    ],
    identifier_removed: [
        "I tuoi contatti per {app} sono cambiati",
        "Questo indirizzo o numero è stato rimosso dal tuo account di {app}.",
    ],
    identifier_lost: [
        "I tuoi contatti per {app} sono cambiati",
        "{new} è stato rimosso dal tuo account di {app} perché un'altra persona ha confermato che le appartiene.",
    ],
    addition_removed: [
        "I tuoi contatti per {app} sono cambiati",
        "{new} è stato rimosso dal tuo account di {app} perché sei tornato a questo indirizzo o numero ed era stato aggiunto nel frattempo.",
    ],
    change_undone: [
        "Una modifica su {app} è stata annullata",
        "Una modifica dei contatti del tuo account di {app} è stata annullata. Ciò che era stato aggiunto da allora è stato rimosso e tutti i dispositivi sono stati disconnessi.",
    ],
    account_cleared: [
        "Il tuo account di {app} ora è solo tuo",
        "Hai confermato questo indirizzo o numero. Le passkey, gli accessi e i contatti aggiunti in precedenza all'account di {app} sono stati rimossi, perché potrebbero essere di un'altra persona.",
    ],
    undo: "Se non sei stato tu, apri questo link entro {time} per annullare la modifica e uscire da tutti i dispositivi:",
    notice_end: "Se non sei stato tu, accedi a {app}, controlla le tue passkey e i tuoi contatti ed esci da tutti i dispositivi.",
    minutes: " min",
    hours: " h",
};

pub(super) static PL: Texts = Texts {
    code: ["Twój kod do {app}", "{code} to Twój kod do {app}."],
    sign_in: [
        "Zaloguj się do {app}",
        "Otwórz ten link, aby zalogować się do {app}:",
    ],
    confirm: [
        "Potwierdź dane kontaktowe w {app}",
        "Otwórz ten link, aby potwierdzić dane kontaktowe w {app}:",
    ],
    change: [
        "Potwierdź dane kontaktowe w {app}",
        "Konto {account} w {app} chce używać tego adresu lub numeru. Otwórz ten link tylko wtedy, gdy to Twoje konto: prośbę mógł wysłać ktoś inny.",
    ],
    end: "Działa tylko raz, przez {time}. Jeśli to nie Ty, zignoruj tę wiadomość.",
    requester: "Żądanie wysłał {client}, adres sieciowy {address}, {at}.",
    unknown_client: "nieznany program",
    passkey_added: [
        "Nowy klucz dostępu do {app}",
        "Do Twojego konta w {app} dodano klucz dostępu „{name}”.",
    ],
    passkey_removed: [
        "Usunięto klucz dostępu do {app}",
        "Z Twojego konta w {app} usunięto klucz dostępu „{name}”.",
    ],
    identifier_added: [
        "Twoje dane kontaktowe w {app} zmieniły się",
        "Do Twojego konta w {app} dodano {new}.",
    ],
    identifier_changed: [
        "Twoje dane kontaktowe w {app} zmieniły się",
        "Twoje konto w {app} używa teraz {new} zamiast tego adresu lub numeru.",
    ],
    identifier_removed: [
        "Twoje dane kontaktowe w {app} zmieniły się",
        "Ten adres lub numer został usunięty z Twojego konta w {app}.",
    ],
    identifier_lost: [
        "Twoje dane kontaktowe w {app} zmieniły się",
        "{new} usunięto z Twojego konta w {app}, ponieważ inna osoba potwierdziła, że należy do niej.",
    ],
    addition_removed: [
        "Twoje dane kontaktowe w {app} zmieniły się",
        "{new} usunięto z Twojego konta w {app}, ponieważ wrócono do tego adresu lub numeru, a dodano to w międzyczasie.",
    ],
    change_undone: [
        "Cofnięto zmianę w {app}",
        "Cofnięto zmianę danych kontaktowych Twojego konta w {app}. To, co dodano od tego czasu, zostało usunięte, a wszystkie urządzenia wylogowano.",
    ],
    account_cleared: [
        "Twoje konto w {app} należy teraz tylko do Ciebie",
        "Potwierdzono ten adres lub numer. Klucze dostępu, sesje i dane kontaktowe dodane wcześniej do konta w {app} zostały usunięte, bo mogły należeć do kogoś innego.",
    ],
    undo: "Jeśli to nie Ty, otwórz ten link w ciągu {time}, aby cofnąć zmianę i wylogować się wszędzie:",
    notice_end: "Jeśli to nie Ty, zaloguj się do {app}, sprawdź klucze dostępu i dane kontaktowe i wyloguj się wszędzie.",
    minutes: " min",
    hours: " h",
};

pub(super) static PT: Texts = Texts {
    code: ["Seu código para {app}", "{code} é o seu código para {app}."],
    sign_in: ["Entre em {app}", "Abra este link para entrar em {app}:"],
    confirm: [
        "Confirme seus dados de contato para {app}",
        "Abra este link para confirmar seus dados de contato para {app}:",
    ],
    change: [
        "Confirme seus dados de contato para {app}",
        "A conta {account} em {app} quer usar este endereço ou número. Abra este link somente se a conta for sua: outra pessoa pode tê-lo pedido.",
    ],
    end: "Funciona uma única vez, durante {time}. Se você não o pediu, ignore esta mensagem.",
    requester: "Solicitado por {client}, endereço de rede {address}, {at}.",
    unknown_client: "um programa desconhecido",
    passkey_added: [
        "Nova chave de acesso para {app}",
        "A chave de acesso “{name}” foi adicionada à sua conta em {app}.",
    ],
    passkey_removed: [
        "Chave de acesso removida de {app}",
        "A chave de acesso “{name}” foi removida da sua conta em {app}.",
    ],
    identifier_added: [
        "Seus dados de contato para {app} mudaram",
        "{new} foi adicionado à sua conta em {app}.",
    ],
    identifier_changed: [
        "Seus dados de contato para {app} mudaram",
        "Sua conta em {app} agora usa {new} no lugar deste endereço ou número.",
    ],
    identifier_removed: [
        "Seus dados de contato para {app} mudaram",
        "Este endereço ou número foi removido da sua conta em {app}.",
    ],
    identifier_lost: [
        "Seus dados de contato para {app} mudaram",
        "{new} foi removido da sua conta em {app} porque outra pessoa confirmou que lhe pertence.",
    ],
    addition_removed: [
        "Seus dados de contato para {app} mudaram",
        "{new} foi removido da sua conta em {app} porque você voltou a este endereço ou número e ele foi adicionado nesse meio-tempo.",
    ],
    change_undone: [
        "Uma alteração em {app} foi desfeita",
        "Uma alteração dos dados de contato da sua conta em {app} foi desfeita. O que foi adicionado desde então foi removido, e todos os dispositivos foram desconectados.",
    ],
    account_cleared: [
        "Sua conta em {app} agora é só sua",
        "Você confirmou este endereço ou número. As chaves de acesso, sessões e dados de contato adicionados antes à conta em {app} foram removidos, porque podem ser de outra pessoa.",
    ],
    undo: "Se não foi você, abra este link em até {time} para desfazer a alteração e sair de todos os dispositivos:",
    notice_end: "Se não foi você, entre em {app}, confira suas chaves de acesso e dados de contato e saia de todos os dispositivos.",
    minutes: " min",
    hours: " h",
};

pub(super) static ZH: Texts = Texts {
    code: ["{app} 验证码", "{code} 是您的 {app} 验证码。"],
    sign_in: ["登录 {app}", "打开此链接以登录 {app}："],
    confirm: [
        "确认您在 {app} 的联系方式",
        "打开此链接以确认您在 {app} 的联系方式：",
    ],
    change: [
        "确认您在 {app} 的联系方式",
        "{app} 的帐户 {account} 请求使用此地址或号码。仅当该帐户属于您时才打开此链接：请求可能来自他人。",
    ],
    end: "仅可使用一次，{time}内有效。如果不是您本人操作，请忽略此消息。",
    requester: "请求来自 {client}，网络地址 {address}，{at}。",
    unknown_client: "未知程序",
    passkey_added: [
        "{app} 的新通行密钥",
        "通行密钥“{name}”已添加到您的 {app} 帐户。",
    ],
    passkey_removed: [
        "{app} 的通行密钥已移除",
        "通行密钥“{name}”已从您的 {app} 帐户中移除。",
    ],
    identifier_added: [
        "您在 {app} 的联系方式已更改",
        "{new} 已添加到您的 {app} 帐户。",
    ],
    identifier_changed: [
        "您在 {app} 的联系方式已更改",
        "您的 {app} 帐户现在使用 {new}，不再使用此地址或号码。",
    ],
    identifier_removed: [
        "您在 {app} 的联系方式已更改",
        "此地址或号码已从您的 {app} 帐户中移除。",
    ],
    identifier_lost: [
        "您在 {app} 的联系方式已更改",
        "{new} 已从您的 {app} 帐户中移除，因为其他人已确认它归其所有。",
    ],
    addition_removed: [
        "您在 {app} 的联系方式已更改",
        "由于您已改回此地址或号码，而 {new} 是在此期间添加的，它已从您的 {app} 帐户中移除。",
    ],
    change_undone: [
        "{app} 的更改已撤销",
        "您的 {app} 帐户的联系方式更改已撤销。此后添加的内容已被移除，所有设备均已退出登录。",
    ],
    account_cleared: [
        "您的 {app} 帐户现在仅属于您",
        "您已确认此地址或号码。此前添加到 {app} 帐户的通行密钥、登录和联系方式可能属于他人，因此已被移除。",
    ],
    undo: "如果不是您本人操作，请在 {time}内打开此链接以撤销更改并退出所有设备：",
    notice_end: "如果不是您本人操作，请登录 {app}，检查您的通行密钥和联系方式，并退出所有设备。",
    minutes: "分钟",
    hours: "小时",
};
