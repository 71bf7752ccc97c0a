//! Starts, awaits and stops processes, and reads their memory.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use crate::http::{Connection, get};

/// The time limit of a start and of a stop.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(30);

/// A running program. Dropping the value kills it.
#[derive(Debug)]
pub(crate) struct Process(Child);

/// A running `api-server`.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    pub(crate) address: String,
    /// The time from the start of the process until it is ready.
    pub(crate) started_in: Duration,
}

impl Server {
    /// Starts `program` on the database at `url`, with its log in `dir`, and waits until it is ready.
    pub(crate) async fn start(program: &Path, url: &str, dir: &Path) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = dir.join("server.log");
        let mut command = command(program, url, dir);
        command
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("BURNTOP__SERVER__DRAIN_NOTICE_SECONDS", "0")
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        for limit in ["AUTH", "FAILED_LOGINS", "SYNC", "DEFAULT"] {
            command.env(format!("BURNTOP__RATE_LIMITS__{limit}_PER_MINUTE"), "0");
        }
        let begin = Instant::now();
        let process = Process::start(command)?;
        let mut server = Self { process, address: format!("127.0.0.1:{port}"), started_in: Duration::ZERO };
        while !server.is_ready().await {
            if begin.elapsed() > PROCESS_TIMEOUT || server.process.has_ended()? {
                bail!("the server did not start: {}", fs::read_to_string(&log).unwrap_or_default());
            }
            sleep(Duration::from_millis(1)).await;
        }
        server.started_in = begin.elapsed();
        Ok(server)
    }

    async fn is_ready(&self) -> bool {
        let answer = async { Connection::open(&self.address).await?.send(&get("/api/v1/health/ready", None)?).await };
        answer.await.is_ok_and(|answer| answer.status == 200)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Sends SIGTERM, and waits until the process has ended.
    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await
    }
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_owned();
        Ok(Self(command.spawn().with_context(|| format!("starting {}", program.display()))?))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Whether the process has ended.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }

    /// Sends SIGTERM, and waits until the process has ended.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if let Some(pid) = Pid::from_raw(self.pid().try_into()?) {
            kill_process(pid, Signal::TERM)?;
        }
        let begin = Instant::now();
        while !self.has_ended()? {
            if begin.elapsed() > PROCESS_TIMEOUT {
                bail!("process {} does not stop", self.pid());
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            // A failure here cannot be handled.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// A command for a program of burntop on the database at `url`, with its files in `dir`.
pub(crate) fn command(program: &Path, url: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("DATABASE_URL", url)
        .env("SECRET_KEY", "a key for measuring that protects nothing at all")
        .env("BURNTOP_DATA_DIR", dir.join("data"))
        .env("METRICS_BIND", "")
        .env("PRICING_URL", "")
        .env("LOG_LEVEL", "warn")
        .stdin(Stdio::null());
    command
}

/// The `api-server` beside this program.
pub(crate) fn beside_this_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("api-server");
    if !program.is_file() {
        bail!("{} is missing: build it, or name another with --api-server", program.display());
    }
    Ok(program)
}

/// The resident memory of a process in MB: now, and at most since [`forget_peak`].
pub(crate) fn memory(pid: u32) -> Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).with_context(|| format!("no {name}"))?;
        let kib: u32 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        anyhow::Ok(f64::from(kib) * 1024.0 / 1e6)
    };
    Ok((of("VmRSS:")?, of("VmHWM:")?))
}

/// Resets the peak of a process's memory to its current memory.
pub(crate) fn forget_peak(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("forgetting the peak")
}
