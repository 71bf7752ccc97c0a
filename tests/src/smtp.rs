//! A fake mail server on the loopback interface: accepts emails or fails as configured, and records commands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The behaviour of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpBehavior {
    /// Accepts emails.
    Takes,
    /// Replies to a command with this line.
    Says(&'static str, &'static str),
    /// Sends nothing.
    Silent,
    /// Closes the connection on this command.
    HangsUp(&'static str),
    /// Sends nothing more from this command on.
    StallsOn(&'static str),
    /// Accepts the email, and closes the connection without a reply.
    TakesAndHangsUp,
}

/// An accepted email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedEmail {
    /// The sender in the envelope.
    pub from: String,
    /// The recipient in the envelope.
    pub to: String,
    /// The email with its headers.
    pub raw: String,
}

/// A running mail server; it ends with the test.
#[derive(Debug, Clone)]
pub struct FakeSmtp {
    port: u16,
    mailbox: Arc<Mutex<Mailbox>>,
}

#[derive(Debug)]
struct Mailbox {
    manner: SmtpBehavior,
    /// The required user and password; `None` requires no authentication.
    login: Option<(String, String)>,
    posts: Vec<ReceivedEmail>,
    /// All received lines except those of emails.
    commands: Vec<String>,
    /// The number of connections.
    visits: usize,
}

impl FakeSmtp {
    /// Starts a server that accepts all emails, or requires the user and password in `login`.
    pub async fn start(login: Option<(&str, &str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
        let mailbox =
            Mailbox { manner: SmtpBehavior::Takes, login, posts: Vec::new(), commands: Vec::new(), visits: 0 };
        let mailbox = Arc::new(Mutex::new(mailbox));
        let kept = mailbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                lock(&kept).visits += 1;
                tokio::spawn(serve(stream, kept.clone()));
            }
        });
        Self { port, mailbox }
    }

    /// The address, with the required user and password.
    pub fn url(&self) -> String {
        let login = self.mailbox().login.clone().map(|(user, password)| format!("{user}:{password}@"));
        format!("smtp://{}127.0.0.1:{}", login.unwrap_or_default(), self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the behaviour.
    pub fn behave(&self, manner: SmtpBehavior) {
        self.mailbox().manner = manner;
    }

    /// The accepted emails, the oldest first.
    pub fn posts(&self) -> Vec<ReceivedEmail> {
        self.mailbox().posts.clone()
    }

    /// All received lines except those of emails.
    pub fn commands(&self) -> Vec<String> {
        self.mailbox().commands.clone()
    }

    /// The number of connections so far.
    pub fn visits(&self) -> usize {
        self.mailbox().visits
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        lock(&self.mailbox)
    }
}

fn lock(mailbox: &Mutex<Mailbox>) -> MutexGuard<'_, Mailbox> {
    mailbox.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: TcpStream, mailbox: Arc<Mutex<Mailbox>>) {
    let mut stream = BufReader::new(stream);
    // A client may close the connection at any time.
    let _ = talk(&mut stream, &mailbox).await;
}

async fn talk(stream: &mut BufReader<TcpStream>, mailbox: &Mutex<Mailbox>) -> std::io::Result<()> {
    if lock(mailbox).manner == SmtpBehavior::Silent {
        return be_silent(stream).await;
    }
    stream.write_all(b"220 fake ESMTP\r\n").await?;
    let (mut from, mut to, mut is_known) = (String::new(), String::new(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        let (manner, login) = {
            let mut mailbox = lock(mailbox);
            mailbox.commands.push(line.clone());
            (mailbox.manner, mailbox.login.clone())
        };
        let is = |command: &str| line.to_ascii_uppercase().starts_with(command);
        let answer = match manner {
            SmtpBehavior::Says(command, answer) if is(command) => answer,
            SmtpBehavior::HangsUp(command) if is(command) => return Ok(()),
            SmtpBehavior::StallsOn(command) if is(command) => return be_silent(stream).await,
            _ if is("EHLO") && login.is_some() => "250-fake\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            _ if is("EHLO") => "250-fake\r\n250 8BITMIME",
            _ if is("AUTH PLAIN ") => {
                let wanted = login.map(|(user, password)| BASE64_STANDARD.encode(format!("\0{user}\0{password}")));
                is_known = wanted.as_deref() == line.split(' ').nth(2);
                if is_known { "235 welcome" } else { "535 5.7.8 wrong" }
            }
            _ if is("MAIL FROM:") && login.is_some() && !is_known => "530 5.7.0 who are you",
            _ if is("MAIL FROM:") => {
                from = address(&line);
                "250 go on"
            }
            _ if is("RCPT TO:") => {
                to = address(&line);
                "250 go on"
            }
            _ if is("DATA") => {
                stream.write_all(b"354 go on\r\n").await?;
                let raw = email(stream).await?;
                lock(mailbox).posts.push(ReceivedEmail { from: from.clone(), to: to.clone(), raw });
                if manner == SmtpBehavior::TakesAndHangsUp {
                    return Ok(());
                }
                "250 taken"
            }
            _ if is("QUIT") => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 what",
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.write_all(b"\r\n").await?;
    }
}

/// Sends nothing until the client closes the connection.
async fn be_silent(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}

/// The text between `<` and `>`.
fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}

/// Reads the lines of an email up to the line with a single dot.
async fn email(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut raw = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

impl ReceivedEmail {
    /// The header called `name`, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.raw, name)
    }

    /// The part whose type is `kind`, such as `text/plain`, decoded.
    pub fn part(&self, kind: &str) -> String {
        let boundary = self.header("Content-Type").unwrap_or_default();
        let boundary = boundary.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next());
        let boundary = format!("--{}", boundary.unwrap_or_else(|| panic!("no parts: {}", self.raw)));
        let part = self
            .raw
            .split(&boundary)
            .skip(1)
            .map(|part| part.trim_start_matches("\r\n"))
            .find(|part| header(part, "Content-Type").is_some_and(|found| found.starts_with(kind)));
        let part = part.unwrap_or_else(|| panic!("no {kind}: {}", self.raw));
        let body = part.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim_end();
        match header(part, "Content-Transfer-Encoding").as_deref() {
            Some("quoted-printable") => quoted_printable(body),
            Some("base64") => {
                let packed: String = body.split_whitespace().collect();
                String::from_utf8(BASE64_STANDARD.decode(packed).expect("base64")).expect("UTF-8")
            }
            _ => body.to_owned(),
        }
    }

    /// The link that begins with `start` in the plain part.
    pub fn link(&self, start: &str) -> String {
        let text = self.part("text/plain");
        let from = text.find(start).unwrap_or_else(|| panic!("no {start}: {text}"));
        text[from..].split_whitespace().next().unwrap_or_default().to_owned()
    }
}

fn header(text: &str, name: &str) -> Option<String> {
    let (head, _) = text.split_once("\r\n\r\n")?;
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        rest = match hex {
            Some(byte) if *first == b'=' => {
                bytes.push(byte);
                &after[2..]
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8(bytes).expect("UTF-8")
}
