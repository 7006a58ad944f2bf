//! What is a birth date and a version of terms, and what is not.

use super::*;

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_800_000_060_000_000);

#[test]
fn a_birth_date_is_a_day_of_the_calendar_since_1900() {
    for good in ["1900-01-01", "1990-02-28", "2000-02-29", "2024-02-29", "1999-12-31"] {
        assert!(good.parse::<BirthDate>().is_ok(), "{good}");
    }
    for no_day in [
        "1990-02-29",
        "1900-02-29",
        "2100-02-29",
        "1990-04-31",
        "1990-00-10",
        "1990-13-01",
        "1990-01-00",
        "1990-1-1",
        "28.02.1990",
        "1990-02-28 ",
        "+990-02-28",
        "1990-02-28T00:00:00Z",
        "１９90-02-28",
        "",
    ] {
        assert_eq!(no_day.parse::<BirthDate>(), Err(InvalidBirthDate::NoDay), "{no_day:?}");
    }
    assert_eq!("1899-12-31".parse::<BirthDate>(), Err(InvalidBirthDate::TooEarly));
    let day: BirthDate = "2027-01-15".parse().expect("a day");
    assert_eq!(day.clone().by("2027-01-14"), Err(InvalidBirthDate::TooLate));
    assert_eq!(day.clone().by("2027-01-15"), Ok(day), "who is born today is born");
}

#[test]
fn terms_are_named_in_signs_that_can_be_seen() {
    assert!(["2027-01", "v1", &"x".repeat(32)].iter().all(|it| it.parse::<TermsVersion>().is_ok()));
    for bad in ["", "two words", "é", "a\n", &"x".repeat(33)] {
        assert_eq!(bad.parse::<TermsVersion>(), Err(InvalidTermsVersion), "{bad:?}");
    }
}

#[test]
fn a_change_keeps_what_it_does_not_name_and_repeats_without_effect() {
    let mut details = Details::default();
    let terms: TermsVersion = "2027-01".parse().expect("a version");
    let change = DetailsChange {
        country: Field::parse(Some("DE")).expect("a country"),
        terms: Some(terms.clone()),
        ..DetailsChange::default()
    };

    assert_eq!(details.change(change.clone(), NOON), ["country", "terms"]);
    assert!(details.change(change, LATER).is_empty());
    assert_eq!(details.terms, Some((terms, NOON)), "they were accepted at noon");
    let cleared = DetailsChange { country: Field::IsCleared, ..DetailsChange::default() };
    assert_eq!(details.change(cleared.clone(), LATER), ["country"]);
    assert!(details.change(cleared, LATER).is_empty() && details.country.is_none());
    let next = DetailsChange {
        terms: Some("2028-01".parse().expect("a version")),
        ..DetailsChange::default()
    };
    assert_eq!(details.change(next, LATER), ["terms"]);
}
