//! A command for administrators (XEP-0050): it shows the reports that nobody has seen to, and notes which have been.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::mux::IqContext;
use sestina_storage::Range;
use sestina_types::xep_0004::{Field, FieldType, Form, FormType, OptionElement};
use sestina_types::xep_0377::tables::AbuseReportsRow;
use sestina_wire::{DateTime, StanzaError, Text};

use super::Server;
use crate::xep_0050::{Answers, Command, Done, Question, Step, Trouble, called, only_if};
use crate::xep_0133;

/// Reports that one form shows; the oldest come first.
const MOST: u32 = 50;
/// The field with what has been seen to.
const SETTLED: &str = "settled";

/// Shows and settles reports.
pub(super) struct Settle(pub(super) Arc<Server>);

impl Command for Settle {
    called!(
        "urn:xmpp:reporting:1#reports",
        "Look at the reports of abuse"
    );

    fn permits(&self, cx: &IqContext) -> Result<(), StanzaError> {
        only_if(xep_0133::is_administrator(&cx.host, &cx.from))
    }

    fn step<'a>(
        &'a self,
        cx: &'a IqContext,
        answers: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>> {
        Box::pin(async move {
            let host = cx.host.domain().as_str();
            let reports = &self.0.reports;
            let Some(form) = answers.first() else {
                let open = reports
                    .open_page(host, false, Range::all(), MOST, false)
                    .await?;
                if open.is_empty() {
                    return Ok(Step::Done(Done::default().saying("no report is open")));
                }
                return Ok(Step::Ask(Question::last(ask(&open))));
            };
            let chosen = form
                .fields
                .iter()
                .find(|field| field.var.as_deref() == Some(SETTLED));
            let mut settled = 0;
            for id in chosen.into_iter().flat_map(|field| field.values.iter()) {
                if let Some(row) = reports.get(host, id).await?.filter(|row| !row.settled) {
                    reports
                        .put(&AbuseReportsRow {
                            settled: true,
                            ..row
                        })
                        .await?;
                    settled += 1;
                }
            }
            tracing::info!(by = %cx.from, settled, "reports settled");
            Ok(Step::Done(
                Done::default().saying(format!("settled: {settled}")),
            ))
        })
    }
}

fn ask(open: &[AbuseReportsRow]) -> Form {
    let options = open.iter().map(|row| OptionElement {
        label: Some(super::in_words(row).into()),
        ..OptionElement::new(row.id.as_str().into())
    });
    let mut form = Form {
        title: Some(Text::from_static("Reports of abuse")),
        ..Form::new(FormType::Form)
    };
    form.fields.push(Field {
        var: Some(Text::from_static(SETTLED)),
        type_: Some(FieldType::ListMulti),
        label: Some(Text::from_static("Those that have been seen to")),
        options: options.collect(),
        ..Field::default()
    });
    form
}

/// When a report came, as people read it.
pub(super) fn time(row: &AbuseReportsRow) -> String {
    DateTime::from_timestamp(row.received).as_str().to_owned()
}
