//! Requests: from a typed handler to a `tower` service, and from a stanza to its answer.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_wire::{BareJid, Condition, Payload, Stanza, StanzaError};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

use crate::mux::{Answer, IqContext, Mux, Permit};

/// A request on its way through the layers.
#[derive(Clone)]
pub struct IqRequest {
    /// Who asks whom.
    pub context: IqContext,
    /// The request.
    pub stanza: Stanza,
}

/// A request handler in its layers: what a layer given to [`Mux::layer`] wraps and returns. The
/// response is the result stanza.
pub type IqService = BoxCloneSyncService<IqRequest, Stanza, StanzaError>;

type Function = dyn Fn(IqRequest) -> BoxFuture<'static, Result<Stanza, StanzaError>> + Send + Sync;

/// A typed handler as a service.
#[derive(Clone)]
struct Handler(Arc<Function>);

impl Service<IqRequest> for Handler {
    type Response = Stanza;
    type Error = StanzaError;
    type Future = BoxFuture<'static, Result<Stanza, StanzaError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), StanzaError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: IqRequest) -> Self::Future {
        (self.0)(request)
    }
}

/// Makes a service of a typed handler: decodes the payload, calls, puts the answer into a result.
pub(super) fn service<Req, Ans, F, Fut>(handler: F) -> IqService
where
    Req: Payload + Send + 'static,
    Ans: Answer,
    F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
{
    let function = move |request: IqRequest| {
        let IqRequest { context, stanza } = request;
        let answer = match stanza.decode::<Req>() {
            Some(Ok(payload)) => handler(context, payload),
            Some(Err(error)) => return std::future::ready(Err(StanzaError::from(error))).boxed(),
            None => {
                return std::future::ready(Err(StanzaError::new(Condition::BadRequest))).boxed();
            }
        };
        async move { Ok(answer.await?.put(stanza.result())) }.boxed()
    };
    IqService::new(Handler(Arc::new(function)))
}

/// Finds the handler of a request, asks whether the sender may, calls it.
pub(super) fn answer(mux: &Mux, request: IqRequest, own: &BareJid) -> BoxFuture<'static, Stanza> {
    let refuse = |condition: Condition| {
        let stanza = request.stanza.error(&StanzaError::new(condition));
        std::future::ready(stanza).boxed()
    };
    let Some(payload) = request.stanza.payload() else {
        return refuse(Condition::BadRequest);
    };
    let (scope, type_) = (request.context.scope, request.stanza.head().type_);
    let Some(entry) = mux.request(scope, type_, payload) else {
        return refuse(mux.unhandled(scope, &request.stanza));
    };
    let permit = mux.permit(entry, &request.context.host, &request.context.from, own);
    let permitted = match permit {
        Permit::Yes => None,
        Permit::No => return refuse(Condition::Forbidden),
        Permit::Ask(future) => Some(future),
    };
    let service = entry.service.clone();
    async move {
        if let Some(permitted) = permitted
            && !permitted.await
        {
            return request
                .stanza
                .error(&StanzaError::new(Condition::Forbidden));
        }
        let stanza = request.stanza.clone();
        service
            .oneshot(request)
            .await
            .unwrap_or_else(|error| stanza.error(&error))
    }
    .boxed()
}
