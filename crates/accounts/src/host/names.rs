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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_that_share_a_name_are_listed_and_no_others() {
        let account = |id, name: &str| {
            (UserId::parse(id).expect("positive"), Username::from_row(name.to_owned()))
        };

        assert_eq!(examine(&[]), None);
        let found = examine(&[account(2, "STRAUSS"), account(4, "admin")]);

        let Some(Finding::Doubtful(detail, _)) = found else { panic!("{found:?}") };
        assert_eq!(detail, "an older account has the same name as 2 (STRAUSS), 4 (admin)");
    }
}
