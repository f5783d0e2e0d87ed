//! The texts of messages. `{app}` is the app's name, `{code}` the code, `{time}` how long the code or link is valid.

/// The texts of one language.
pub(super) struct Texts {
    /// Subject and text of a message with a code.
    pub(super) code: [&'static str; 2],
    /// Subject and text of a message with a link that signs in. The link follows on a line of its own.
    pub(super) sign_in: [&'static str; 2],
    /// Subject and text of a message with a link that confirms an address or number. The link follows in the same way.
    pub(super) confirm: [&'static str; 2],
    /// The end of every message.
    pub(super) end: &'static str,
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
    end: "It works once, within {time}. If you did not ask for it, ignore this message.",
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
    end: "Er gilt einmal, für {time}. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.",
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
    end: "Funciona una sola vez, durante {time}. Si no lo has pedido, ignora este mensaje.",
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
    end: "Funziona una sola volta, entro {time}. Se non lo hai richiesto, ignora questo messaggio.",
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
    end: "Działa tylko raz, przez {time}. Jeśli to nie Ty, zignoruj tę wiadomość.",
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
    end: "Funciona uma única vez, durante {time}. Se você não o pediu, ignore esta mensagem.",
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
    end: "仅可使用一次，{time}内有效。如果不是您本人操作，请忽略此消息。",
    minutes: "分钟",
    hours: "小时",
};
