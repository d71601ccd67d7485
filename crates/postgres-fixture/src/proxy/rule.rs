//! When to lose a connection.

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whoever connects to the proxy.
    Client,
    /// The server behind it.
    Server,
}

/// Which side of the server's work a connection is lost on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The server never sees the message.
    BeforeServer,
    /// The server has done what the message asks for, and the client never sees the answer.
    BeforeAnswer,
}

/// When to cut a connection; used up by the first that it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// After so many further bytes of one side, wherever in a message that is. Bytes of all
    /// connections count; the one that uses them up is cut.
    AfterBytes {
        /// Whose bytes.
        from: Side,
        /// How many are still passed on.
        bytes: u64,
    },
    /// Around a client's message that holds `text`.
    AtMessage {
        /// What to look for: in a prepared statement's case it is seen when it is prepared.
        text: Vec<u8>,
        /// Before it or behind it.
        moment: Moment,
    },
}

impl Rule {
    /// Around the message with which a transaction commits.
    pub fn at_commit(moment: Moment) -> Rule {
        Rule::AtMessage { text: b"COMMIT".to_vec(), moment }
    }
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// Pass on this many bytes, then cut.
    CutAfter(usize),
    /// Pass it on, and cut when it has been answered.
    CutBeforeAnswer,
}

/// Judges a message under the rule, which is taken away once it has spoken.
pub(super) fn judge(rule: &mut Option<Rule>, from: Side, message: &[u8]) -> Verdict {
    let verdict = match rule {
        None => Verdict::Pass,
        Some(Rule::AfterBytes { from: counted, bytes }) if *counted == from => {
            let length = message.len() as u64;
            if *bytes > length {
                *bytes -= length;
                Verdict::Pass
            } else {
                Verdict::CutAfter(usize::try_from(*bytes).expect("at most a message's length"))
            }
        }
        Some(Rule::AtMessage { text, moment }) if from == Side::Client => {
            match (holds(message, text), moment) {
                (false, _) => Verdict::Pass,
                (true, Moment::BeforeServer) => Verdict::CutAfter(0),
                (true, Moment::BeforeAnswer) => Verdict::CutBeforeAnswer,
            }
        }
        Some(Rule::AfterBytes { .. } | Rule::AtMessage { .. }) => Verdict::Pass,
    };
    if verdict != Verdict::Pass {
        *rule = None;
    }
    verdict
}

fn holds(message: &[u8], text: &[u8]) -> bool {
    text.is_empty() || message.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_counted_side_are_counted_down() {
        let mut rule = Some(Rule::AfterBytes { from: Side::Server, bytes: 5 });
        assert_eq!(judge(&mut rule, Side::Server, b"123"), Verdict::Pass);
        assert_eq!(judge(&mut rule, Side::Client, b"123"), Verdict::Pass);
        assert_eq!(judge(&mut rule, Side::Server, b"123"), Verdict::CutAfter(2));
        assert_eq!(judge(&mut rule, Side::Server, b"123"), Verdict::Pass);
    }

    #[test]
    fn a_text_is_found_in_what_a_client_sends_and_once() {
        for (moment, expected) in [
            (Moment::BeforeServer, Verdict::CutAfter(0)),
            (Moment::BeforeAnswer, Verdict::CutBeforeAnswer),
        ] {
            let mut rule = Some(Rule::at_commit(moment));
            assert_eq!(judge(&mut rule, Side::Client, b"BEGIN"), Verdict::Pass);
            assert_eq!(judge(&mut rule, Side::Server, b"COMMIT"), Verdict::Pass);
            assert_eq!(judge(&mut rule, Side::Client, b"Q....COMMIT\0"), expected);
            assert_eq!(judge(&mut rule, Side::Client, b"Q....COMMIT\0"), Verdict::Pass);
        }
    }
}
