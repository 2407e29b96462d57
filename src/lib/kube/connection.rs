//! From synchronous callers to asynchronous work with a cluster: the one place that has a worker thread, a runtime and the
//! deadline of the whole. It does not know what the work is.

use super::client::Client;
use super::failure::{Failure, Reason, environment};
use super::kubeconfig;
use super::step::{Report, Step};
pub use crate::proxy::Proxies;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::Poll;
use std::time::{Duration, Instant};

/// How often a caller is asked whether it still wants the answer.
const LOOK: Duration = Duration::from_millis(100);
/// After the deadline: how long the work has to say itself what it was waiting for.
const LAST_WORD: Duration = Duration::from_millis(300);

/// Which cluster to ask, and how long it may take.
#[derive(Debug, Clone)]
pub struct ClusterAccess {
    /// Kubeconfig files, merged in order as kubectl merges the list in KUBECONFIG.
    pub kubeconfigs: Vec<PathBuf>,
    /// The context; `None` for the current one.
    pub context: Option<String>,
    /// For the whole work: reading, logging in, looking up the server, asking.
    pub timeout: Duration,
    /// The proxies of the environment, for clusters whose kubeconfig names none.
    pub proxies: Proxies,
}

enum Message<T> {
    Step(Step),
    Answer(T),
}

/// Connects, runs `work` with the client, and returns what it returns. When the timeout of `access` is over, or
/// `end_when` (asked often) says so, this returns at once: requests under way are dropped, and none follows. A login
/// command that outlasts that goes on until it ends or the program does.
///
/// # Errors
/// Those of `work`; the kubeconfig or its credentials cannot be used; [`Reason::Timeout`], [`Reason::LoginTimeout`],
/// [`Reason::Interrupted`].
pub fn blocking<T, E, W>(access: &ClusterAccess, end_when: impl Fn() -> bool, work: W) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Failure> + Send + 'static,
    W: AsyncFnOnce(Client) -> Result<T, E> + Send + 'static,
{
    let timeout = access.timeout;
    let deadline = Instant::now() + timeout;
    let (sender, receiver) = channel();
    // Resolves on the other side when this function returns.
    let (_waiting, left) = tokio::sync::oneshot::channel::<()>();
    let access = access.clone();
    let worker = move || {
        let steps = sender.clone();
        let report: Report = Arc::new(move |step| steps.send(Message::Step(step)).is_ok());
        if let Some(answer) = run(&access, deadline, report, left, work) {
            let _ = sender.send(Message::Answer(answer));
        }
    };
    // Login commands and look-ups of hosts block their thread, whatever the runtime does: so it is left alone.
    std::thread::Builder::new()
        .name("cluster".to_owned())
        .spawn(worker)
        .map_err(|cause| environment(format!("cannot start the network client: {cause}")))?;
    let mut step = Step::Kubeconfig;
    loop {
        if end_when() {
            return Err(Failure::new(Reason::Interrupted, "the work with the cluster was interrupted").into());
        }
        let rest = (deadline + LAST_WORD).saturating_duration_since(Instant::now());
        match receiver.recv_timeout(rest.min(LOOK)) {
            Ok(Message::Step(next)) => step = next,
            Ok(Message::Answer(answer)) => return answer,
            Err(RecvTimeoutError::Timeout) if rest.is_zero() => return Err(step.timed_out(timeout).into()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(environment("the network client broke off").into()),
        }
    }
}

/// The work, on the worker's thread; `None` if the caller left.
fn run<T, E: From<Failure>>(
    access: &ClusterAccess,
    deadline: Instant,
    report: Report,
    left: tokio::sync::oneshot::Receiver<()>,
    work: impl AsyncFnOnce(Client) -> Result<T, E>,
) -> Option<Result<T, E>> {
    let prepared = kubeconfig::read(&access.kubeconfigs)
        .and_then(|kubeconfig| kubeconfig::select(kubeconfig, access.context.as_deref(), &access.proxies));
    let target = match prepared {
        Ok(target) => target,
        Err(failure) => return Some(Err(failure.into())),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return Some(Err(environment(format!("cannot start the network client: {cause}")).into())),
    };
    let answer = runtime.block_on(async {
        let mut left = pin!(left);
        let mut work = pin!(async {
            let client = Client::connect(target, deadline, access.timeout, report)?;
            work(client).await
        });
        poll_fn(|context| match left.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => work.as_mut().poll(context).map(Some),
        })
        .await
    });
    runtime.shutdown_background();
    answer
}
