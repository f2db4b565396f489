//! Every function of every stage, by stage and kind, in the order found once at the start.

use std::sync::Arc;

use sestina_wire::{Kind, Stanza};

use crate::host::Account;
use crate::stages::order::resolve;
use crate::stages::passing::{Passing, Said};
use crate::stages::{OrderError, Place, SessionFunction, Stage, StageFunction};

const KINDS: [Kind; 3] = [Kind::Message, Kind::Presence, Kind::Iq];

/// Functions as plugins registered them.
#[derive(Default)]
pub(crate) struct StagesBuilder {
    functions: Vec<(Stage, &'static [Kind], Place, StageFunction)>,
    starts: Vec<(Place, SessionFunction)>,
    ends: Vec<(Place, SessionFunction)>,
    breaks: Vec<(Place, SessionFunction)>,
    passing: Said,
}

impl StagesBuilder {
    pub(crate) fn add(
        &mut self,
        stage: Stage,
        kinds: &'static [Kind],
        place: Place,
        function: StageFunction,
    ) {
        self.functions.push((stage, kinds, place, function));
    }

    pub(crate) fn add_start(&mut self, place: Place, function: SessionFunction) {
        self.starts.push((place, function));
    }

    pub(crate) fn add_end(&mut self, place: Place, function: SessionFunction) {
        self.ends.push((place, function));
    }

    pub(crate) fn add_break(&mut self, place: Place, function: SessionFunction) {
        self.breaks.push((place, function));
    }

    pub(crate) fn passes<F>(&mut self, spec: &'static str, passes: F)
    where
        F: Fn(&Stanza) -> bool + Send + Sync + 'static,
    {
        self.passing.all(spec, Arc::new(passes));
    }

    pub(crate) fn passes_to<F>(&mut self, spec: &'static str, passes: F)
    where
        F: Fn(&Account, &Stanza) -> bool + Send + Sync + 'static,
    {
        self.passing.each(spec, Arc::new(passes));
    }

    /// Finds the order of each stage for each kind.
    pub(crate) fn finish(self) -> Result<Stages, OrderError> {
        let mut stages = Stages::default();
        for (kind, passing) in KINDS.into_iter().zip(&mut stages.passing) {
            let functions = self.functions.iter().flat_map(|(stage, kinds, place, _)| {
                kinds.iter().map(move |kind| (*stage, *kind, place))
            });
            *passing = self.passing.of(kind, functions);
        }
        for stage in Stage::ALL {
            for kind in KINDS {
                let entries: Vec<(Place, StageFunction)> = self
                    .functions
                    .iter()
                    .filter(|(at, kinds, _, _)| *at == stage && kinds.contains(&kind))
                    .map(|(_, _, place, function)| (*place, Arc::clone(function)))
                    .collect();
                let ordered = resolve(&format!("{stage} of {}", kind.as_str()), entries)?;
                if let Some(place) = stages.functions.get_mut(index(stage, kind)) {
                    *place = ordered.into();
                }
            }
        }
        stages.starts = resolve("session-start", self.starts)?.into();
        stages.ends = resolve("session-end", self.ends)?.into();
        stages.breaks = resolve("session-break", self.breaks)?.into();
        Ok(stages)
    }
}

/// Functions in their order.
#[derive(Default)]
pub(crate) struct Stages {
    functions: [Box<[StageFunction]>; 18],
    starts: Box<[SessionFunction]>,
    ends: Box<[SessionFunction]>,
    breaks: Box<[SessionFunction]>,
    /// By kind; nothing where a function has to see everything.
    passing: [Option<Passing>; 3],
}

fn index(stage: Stage, kind: Kind) -> usize {
    stage as usize * KINDS.len() + kind as usize
}

impl Stages {
    /// The functions of a stage for a kind.
    pub(crate) fn of(&self, stage: Stage, kind: Kind) -> &[StageFunction] {
        self.functions
            .get(index(stage, kind))
            .map(|functions| &**functions)
            .unwrap_or_default()
    }

    /// What has to be asked before a session is given what a service tells many, past these functions; nothing where they have to
    /// see everything.
    pub(crate) fn passing(&self, kind: Kind) -> Option<&Passing> {
        self.passing.get(kind as usize)?.as_ref()
    }

    /// The functions called when a session starts.
    pub(crate) fn starts(&self) -> &[SessionFunction] {
        &self.starts
    }

    /// The functions called when a session ends.
    pub(crate) fn ends(&self) -> &[SessionFunction] {
        &self.ends
    }

    /// The functions called when the stream of a session breaks and the session stays.
    pub(crate) fn breaks(&self) -> &[SessionFunction] {
        &self.breaks
    }
}
