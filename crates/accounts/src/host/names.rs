//! What an operator is told about names.

use sir0_host::Finding;
use sir0_kernel::UserId;

use crate::domain::Username;

/// How many accounts are listed.
pub(super) const LISTED: i64 = 20;

/// Lists the accounts whose name an older account has too. `None` if each name is of one account.
pub(super) fn examine(sharing: &[(UserId, Username)]) -> Option<Finding> {
    let listed: Vec<_> = sharing.iter().map(|(id, name)| format!("{id} ({name})")).collect();
    (!listed.is_empty()).then(|| {
        let detail = format!("an older account has the same name as {}", listed.join(", "));
        Finding::Doubtful(
            detail,
            "ask them to choose another name; until then they sign in by e-mail as before",
        )
    })
}
