/// What keeps a DKIM signature from showing who sent a mail, for people. In the order in which it is looked at: of several
/// signatures the one that came furthest is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Flaw {
    #[error("it is not written as the standard says")]
    Malformed,
    #[error("it is another domain's")]
    NotAligned,
    #[error("it uses what is no longer considered secure")]
    Outdated,
    #[error("it leaves the end of the message open")]
    OpenEnd,
    #[error("it does not cover all that a reader sees of the header")]
    Uncovered,
    #[error("it covers a field of which the header has several")]
    Repeated,
    #[error("the message has line breaks that mail cannot have")]
    LineBreaks,
    #[error("it had expired when the message came")]
    Expired,
    #[error("it was made in the future")]
    Future,
    #[error("its key was not looked up")]
    NotLookedUp,
    #[error("its key could not be looked up")]
    LookupFailed,
    #[error("its key is not published")]
    NoKey,
    #[error("its key was withdrawn")]
    Revoked,
    #[error("its domain says that it only tests signing")]
    Testing,
    #[error("its key is not meant for it")]
    KeyMisfit,
    #[error("its key is too short")]
    WeakKey,
    #[error("the message was changed after it was signed")]
    BodyChanged,
    #[error("it does not fit the header and the key")]
    Bad,
}
