//! What owners call their things.

/// What something is called by its owner.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(String);

        impl $name {
            const TEXT: ::sir0_kernel::Text =
                ::sir0_kernel::Text { min: 1, max: 64, form: ::sir0_kernel::Form::Line };

            /// The only way in from outside: 1 to 64 characters, all of which can be seen.
            pub(crate) fn parse(text: &str) -> Result<Self, ::sir0_kernel::InvalidText> {
                Self::TEXT.read(text).map(Self)
            }

            /// The way in from the database.
            pub(crate) const fn from_row(text: String) -> Self {
                Self(text)
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(super) use label;
