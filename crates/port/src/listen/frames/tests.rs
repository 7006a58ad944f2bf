use http::{StatusCode, Version};

use super::*;

const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const UNKNOWN: u8 = 0x42;

fn frame(kind: u8, flags: u8, content: usize) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(content).unwrap().to_be_bytes();
    [&[a, b, c, kind, flags, 0, 0, 0, 1][..], &vec![0; content]].concat()
}

/// How many of these frames pass.
fn how_many_pass(frame: &[u8], frames: &mut Frames, activity: &Activity) -> usize {
    (0..100_000).find(|_| frames.read(frame, activity).is_err()).unwrap_or(usize::MAX)
}

#[test]
fn a_flood_of_any_kind_ends() {
    for (what, flood, most) in [
        ("pings", frame(kind::PING, 0, 8), 4_000),
        ("answers to pings that nobody sent", frame(kind::PING, ACK, 8), 40),
        ("settings", frame(kind::SETTINGS, 0, 0), 40),
        ("answers to settings that nobody sent", frame(kind::SETTINGS, ACK, 0), 40),
        ("goodbyes", frame(kind::GOAWAY, 0, 8), 40),
        ("resets", frame(kind::RST_STREAM, 0, 4), 2_000),
        ("windows", frame(WINDOW_UPDATE, 0, 4), 4_000),
        ("priorities", frame(PRIORITY, 0, 5), 4_000),
        ("headers that are no requests", frame(HEADERS, 0, 10), 4_000),
        ("headers that go on", frame(CONTINUATION, 0, 0), 4_000),
        ("empty data", frame(kind::DATA, 0, 0), 4_000),
        ("crumbs", frame(kind::DATA, 0, 1), 4_000),
        ("frames that nobody knows", frame(UNKNOWN, 0, 100), 4_000),
    ] {
        let passed = how_many_pass(&flood, &mut Frames::new(), &Activity::default());

        // A slow machine earns a little by time meanwhile.
        assert!((most..most + 500).contains(&passed), "{passed} {what} passed");
    }
}

#[test]
fn it_makes_no_difference_how_the_bytes_are_cut() {
    let ping = frame(kind::PING, ACK, 8);
    let (flood, activity) = (ping.repeat(41), Activity::default());

    for size in [1, 2, 7, 8, 9, 10, 16, 17, 18, 100, 10_000] {
        let mut frames = Frames::new();
        let ended = flood.chunks(size).position(|cut| frames.read(cut, &activity).is_err());

        // The 41st frame, as soon as its head is there.
        let expected = (40 * ping.len() + HEAD - 1) / size;
        assert_eq!(ended, Some(expected), "in cuts of {size}");
    }
}

#[test]
fn a_flood_is_cut_before_the_frame_that_is_one_too_many() {
    let ping = frame(kind::PING, ACK, 8);
    let activity = Activity::default();

    let whole = Frames::new().read(&ping.repeat(50), &activity);
    assert_eq!(whole, Err(Flood { before: Some(40 * ping.len()) }));

    let mut frames = Frames::new();
    assert_eq!(frames.read(&ping.repeat(41)[..40 * ping.len() + 3], &activity), Ok(()));
    assert_eq!(frames.read(&ping[3..], &activity), Err(Flood { before: None }));
}

#[test]
fn a_connection_that_is_used_goes_on_for_ever() {
    let (activity, mut frames) = (Activity::default(), Frames::new());
    // A call with a body in crumbs, both windows opened after the answer, a ping, and a reset behind it.
    let call = [
        frame(HEADERS, 4, 40),
        frame(kind::DATA, 0, 5),
        frame(kind::DATA, 0, 20),
        frame(kind::DATA, 1, 0),
        frame(WINDOW_UPDATE, 0, 4).repeat(2),
        frame(kind::PING, 0, 8),
        frame(kind::RST_STREAM, 0, 4),
    ]
    .concat();

    for number in 0..100_000 {
        assert_eq!(frames.read(&call, &activity), Ok(()), "call {number}");
        activity.begin(Version::HTTP_2).answered(StatusCode::OK);
    }
}

#[test]
fn a_download_may_open_its_windows_with_every_frame() {
    let (activity, mut frames) = (Activity::default(), Frames::new());

    for number in 0..100_000 {
        activity.sent(200);
        let windows = frame(WINDOW_UPDATE, 0, 4).repeat(2);
        assert_eq!(frames.read(&windows, &activity), Ok(()), "frame {number}");
    }
}

#[test]
fn an_upload_may_be_as_long_as_it_likes() {
    let (activity, mut frames) = (Activity::default(), Frames::new());

    assert_eq!(how_many_pass(&frame(kind::DATA, 0, 64), &mut frames, &activity), usize::MAX);
}

#[test]
fn windows_opened_byte_by_byte_end() {
    let (activity, mut frames) = (Activity::default(), Frames::new());

    let ended = (0..100_000).find(|_| {
        // Each update lets one byte out, in a separate frame.
        activity.sent(HEAD + 1);
        frames.read(&frame(WINDOW_UPDATE, 0, 4), &activity).is_err()
    });

    assert!(ended.is_some());
}

#[test]
fn calls_that_are_begun_and_reset_before_their_answer_end() {
    let (activity, mut frames) = (Activity::default(), Frames::new());
    let call = [frame(HEADERS, 5, 40), frame(kind::RST_STREAM, 0, 4)].concat();

    let ended = (0..100_000).find(|_| {
        drop(activity.begin(Version::HTTP_2));
        frames.read(&call, &activity).is_err()
    });

    assert!(ended.is_some_and(|calls| (2_000..2_500).contains(&calls)), "{ended:?}");
}
