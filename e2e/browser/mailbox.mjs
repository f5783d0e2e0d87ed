// A mail server that keeps what it is given, for a passage-server that sends real mail.

import { createServer } from 'node:net';

const PATIENCE = 10_000;

/** The body of a message, decoded. */
function bodyOf(source) {
  const end = source.indexOf('\r\n\r\n');
  const head = source.slice(0, end).replaceAll(/\r\n[ \t]+/g, ' ');
  const body = source.slice(end + 4);
  const encoding = /^content-transfer-encoding:\s*(\S+)/im.exec(head)?.[1].toLowerCase() ?? '7bit';
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replaceAll(/[ \t]*=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A message, with what the outbox of a development server shows of it. */
function read(to, source) {
  const text = bodyOf(source).replaceAll('\r\n', '\n');
  // A link is alone on its line.
  const url = text.split('\n').find((line) => /^https?:\/\/\S+$/.test(line)) ?? null;
  const code = url ? null : (/(?<!\d)\d{6}(?!\d)/.exec(text)?.[0] ?? null);
  return { to, text, url, code };
}

export class Mailbox {
  #messages = [];
  #waiting = new Set();

  static async open() {
    const mailbox = new Mailbox();
    mailbox.listener = createServer((socket) => mailbox.#talk(socket));
    await new Promise((resolve) => mailbox.listener.listen(0, '127.0.0.1', resolve));
    mailbox.port = mailbox.listener.address().port;
    return mailbox;
  }

  /** One conversation of SMTP: as little of it as a client needs. */
  #talk(socket) {
    let [rest, to, isData] = ['', '', false];
    const say = (line) => socket.write(`${line}\r\n`);
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest += chunk;
      for (;;) {
        const mark = isData ? '\r\n.\r\n' : '\r\n';
        const end = rest.indexOf(mark);
        if (end < 0) return;
        const part = rest.slice(0, end);
        rest = rest.slice(end + mark.length);
        if (isData) {
          // A line that begins with a dot was sent with two.
          this.#keep(to, part.replaceAll('\r\n..', '\r\n.'));
          isData = false;
          say('250 kept');
          continue;
        }
        const verb = part.slice(0, 4).toUpperCase();
        if (verb === 'RCPT') to = /<(.*)>/.exec(part)[1];
        if (verb === 'DATA') isData = true;
        if (verb === 'QUIT') socket.end('221 bye\r\n');
        else say(isData ? '354 go on' : '250 yes');
      }
    });
    say('220 mailbox');
  }

  #keep(to, source) {
    this.#messages.push(read(to, Buffer.from(source, 'latin1').toString('latin1')));
    for (const look of this.#waiting) look();
  }

  /** The newest message to an address, once there is one. */
  async message(to) {
    const find = () => this.#messages.findLast((message) => message.to === to);
    return (
      find() ??
      new Promise((resolve, reject) => {
        const look = () => {
          const found = find();
          if (!found) return;
          clearTimeout(timer);
          this.#waiting.delete(look);
          resolve(found);
        };
        const timer = setTimeout(() => {
          this.#waiting.delete(look);
          reject(new Error(`no message to ${to}`));
        }, PATIENCE);
        this.#waiting.add(look);
      })
    );
  }

  forget() {
    this.#messages = [];
  }

  close() {
    this.listener.close();
  }
}
