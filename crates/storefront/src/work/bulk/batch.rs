//! Some lines of a file, taken in one unit of work: each is judged, and what it makes is written as the single calls write it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    mem,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use sir0_kernel::GameId;
use sir0_rpc::{Caller, acted};
use sir0_storage as storage;
use tokio::time::sleep;

use super::super::{Storefront, owners::Writer};
use crate::{
    StorefrontError,
    db::StorefrontTx,
    domain::{
        Game, GameEvent, GamePage, MOST_PAGE_BYTES, Made, NewGame, Schedule, Standing, State,
        Unfit, Whole,
        bulk::{ImportKey, Named, Outdated, Placed, Reference, Step, WITHDRAWN},
    },
    stored::StoredPage,
};

/// How often some lines are tried, when another import or a change got in between.
const TRIES: u32 = 5;
/// How long a database that fails is left alone.
const AFTER_A_FAULT: Duration = Duration::from_millis(100);

/// What came of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Added,
    Changed,
    Unchanged,
    Refused(String),
}

/// Lines that are being taken.
pub(super) type Taking =
    Pin<Box<dyn Future<Output = Result<Vec<Outcome>, StorefrontError>> + Send + Sync>>;

/// When a line writes the page of its product. A page comes before the other changes, so that the event of a release has its tags.
/// The page of a withdrawn product comes once the product is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WritesPage {
    First,
    Last,
}

/// What is known of the store while some lines are taken.
struct Batch<'b> {
    writer: &'b Writer,
    made: Made,
    /// The products that keys name.
    known: HashMap<Named, GameId>,
    /// The products that lines name, and those that these have to do with.
    games: HashMap<GameId, Game>,
    /// Ids for products that everyone sees at once.
    ids: Vec<GameId>,
    /// Products that are not written yet, with the pages of those that have one.
    new: Vec<(ImportKey, Game)>,
    pages: Vec<(GameId, GamePage)>,
    unwritten: HashSet<GameId>,
    /// What those who watch hear.
    events: Vec<GameEvent>,
}

impl Storefront {
    /// Begins to take some lines, all of them or none. The answer, what came of each, is waited for.
    pub(super) fn begin_lines(&self, by: Caller, lines: Vec<Placed>) -> Taking {
        // Boxed: what is in it is as deep as a compiler looks.
        let work = Box::pin(self.clone().save_lines(by, lines));
        Box::pin(self.shared.tasks.begin(work))
    }

    async fn save_lines(
        self,
        by: Caller,
        lines: Vec<Placed>,
    ) -> Result<Vec<Outcome>, StorefrontError> {
        let writer = self.writer(by)?;
        let mut tries = 0;
        let (outcomes, events) = loop {
            tries += 1;
            let made = self.made(by);
            let taking = self.db.unit(async |tx| {
                let mut batch = Batch::read(tx, &writer, made, &lines).await?;
                let outcomes = batch.take(tx, &lines).await?;
                Ok::<_, StorefrontError>((outcomes, batch.events))
            });
            match taking.await {
                Err(error) if tries < TRIES && is_passing(&error) => sleep(AFTER_A_FAULT).await,
                taken => break taken?,
            }
        };
        if !events.is_empty() {
            let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
            let (added, changed) = (count(Outcome::Added), count(Outcome::Changed));
            acted!(
                by.role,
                { user.id = %by.user, added, changed },
                "an import added {added} games and changed {changed}"
            );
            self.changed_many(&events).await;
        }
        Ok(outcomes)
    }
}

/// Whether another try may come out otherwise: another one took a key or an id, or changed a product, at the same moment.
fn is_passing(error: &StorefrontError) -> bool {
    match error {
        StorefrontError::StaleRevision(_) => true,
        StorefrontError::Database(error) => {
            matches!(error, storage::Error::Taken(_)) || error.is_passing()
        }
        _ => false,
    }
}

impl<'b> Batch<'b> {
    /// Reads what the lines name, and holds the products that they are about.
    async fn read(
        tx: &mut StorefrontTx,
        writer: &'b Writer,
        made: Made,
        lines: &[Placed],
    ) -> storage::Result<Self> {
        let keys: HashSet<_> = lines.iter().flat_map(Placed::keys).collect();
        let known = if keys.is_empty() { HashMap::new() } else { tx.imported(&keys).await? };
        let own: BTreeSet<_> = lines.iter().filter_map(|line| own_id(line, &known)).collect();
        let own: Vec<_> = own.into_iter().collect();
        let mut games = HashMap::new();
        if !own.is_empty() {
            games.extend(tx.hold_some(&own).await?.into_iter().map(|game| (game.id, game)));
        }
        let of_games = games.values().flat_map(Game::parts);
        let of_lines = known.values().copied().chain(lines.iter().flat_map(Placed::ids));
        let others: BTreeSet<_> =
            of_games.chain(of_lines).filter(|id| !games.contains_key(id)).collect();
        if !others.is_empty() {
            let others: Vec<_> = others.into_iter().collect();
            games.extend(tx.some_games(&others).await?.into_iter().map(|game| (game.id, game)));
        }
        let is_new = |line: &&Placed| {
            let is_key = matches!(line.row.of, Reference::Key(_));
            is_key && own_id(line, &known).is_none() && line.row.state.is_none_or(State::is_public)
        };
        let count = lines.iter().filter(is_new).count();
        let mut ids = tx.next_ids(u16::try_from(count).unwrap_or(u16::MAX)).await?;
        // They are taken from the end.
        ids.sort_unstable_by(|one, other| other.cmp(one));
        let (new, pages, unwritten, events) = (Vec::new(), Vec::new(), HashSet::new(), Vec::new());
        Ok(Self { writer, made, known, games, ids, new, pages, unwritten, events })
    }

    async fn take(
        &mut self,
        tx: &mut StorefrontTx,
        lines: &[Placed],
    ) -> Result<Vec<Outcome>, StorefrontError> {
        let mut outcomes = Vec::with_capacity(lines.len());
        for line in lines {
            outcomes.push(match (own_id(line, &self.known), &line.row.of) {
                (Some(id), _) => self.change(tx, line, id).await?,
                (None, Reference::Key(key)) => match self.add(line, key) {
                    Ok(()) => Outcome::Added,
                    Err(why) => Outcome::Refused(why),
                },
                (None, Reference::Id(id)) => Outcome::Refused(no_product(*id)),
            });
        }
        self.write(tx).await?;
        Ok(outcomes)
    }

    /// Makes of a product that is there what the line has.
    async fn change(
        &mut self,
        tx: &mut StorefrontTx,
        line: &Placed,
        id: GameId,
    ) -> Result<Outcome, StorefrontError> {
        let (steps, writes_page) = match self.judged(line, id) {
            Ok((steps, None)) if steps.is_empty() => return Ok(Outcome::Unchanged),
            Ok(judged) => judged,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let parts = steps.iter().flat_map(|step| step.game.bundled.iter());
        if self.unwritten.contains(&id) || parts.clone().any(|id| self.unwritten.contains(id)) {
            self.write(tx).await?;
        }
        let page = match writes_page {
            None => None,
            Some(when) => {
                let before = tx.page_of(id).await?;
                let page = line.row.page.onto(before.clone());
                if StoredPage::is_too_long(&page) {
                    let why = format!("makes a page of more than {MOST_PAGE_BYTES} bytes");
                    return Ok(Outcome::Refused(why));
                }
                Some((when, before, page))
            }
        };
        if let Some((WritesPage::First, before, page)) = &page {
            self.change_page(tx, id, before, page).await?;
        }
        for Step { game, event, outdates } in steps {
            let before = self.games.get(&id).ok_or(StorefrontError::GameNotFound(id))?;
            if !tx.save_game(before, &game, &event, self.made).await? {
                return Err(StorefrontError::StaleRevision(id));
            }
            let schedule = match outdates {
                None => None,
                Some(Outdated::All) => Some(Schedule::default()),
                Some(Outdated::Behind(public)) => {
                    let before = tx.schedule(id).await?;
                    Some(before.behind(public)).filter(|_| !before.is_empty())
                }
            };
            if let Some(schedule) = schedule {
                tx.plan(id, schedule).await?;
            }
            self.games.insert(id, game);
            self.events.push(event);
        }
        if let Some((WritesPage::Last, before, page)) = &page {
            self.change_page(tx, id, before, page).await?;
        }
        Ok(Outcome::Changed)
    }

    /// Gives a product another page.
    async fn change_page(
        &mut self,
        tx: &mut StorefrontTx,
        id: GameId,
        before: &GamePage,
        page: &GamePage,
    ) -> Result<(), StorefrontError> {
        let held = self.games.get(&id).ok_or(StorefrontError::GameNotFound(id))?;
        let Some((game, event)) = held.with_page(page) else { return Ok(()) };
        if !tx.save_page((held, before), (&game, page), &event, self.made).await? {
            return Err(StorefrontError::StaleRevision(id));
        }
        self.games.insert(id, game);
        self.events.push(event);
        Ok(())
    }

    /// What the line makes of a product, if it may, and when its page becomes another one.
    fn judged(&self, line: &Placed, id: GameId) -> Result<(Vec<Step>, Option<WritesPage>), String> {
        let held = self.games.get(&id).ok_or_else(|| no_product(id))?;
        let is_elsewhere = match line.row.of {
            Reference::Key(_) => held.studio != line.studio,
            Reference::Id(_) => line.row.studio.is_some_and(|named| held.studio != Some(named)),
        };
        // To whom the product is hidden, it is as if there were none.
        self.writer.must_write(held).map_err(|why| why.to_string())?;
        if is_elsewhere {
            return Err("names a product that another studio has now".to_owned());
        }
        let base = line.row.base.as_ref().map(|base| self.part(line, base)).transpose()?;
        let bundled = self.bundled(line)?;
        let has_other_page = line.row.page.changes(held.traits.as_deref());
        let writes_page = has_other_page.then_some(if held.is_there() {
            WritesPage::First
        } else {
            WritesPage::Last
        });
        let is_first = writes_page == Some(WritesPage::First);
        let paged = is_first.then(|| line.row.page.onto_traits(held));
        let mut before = paged.as_ref().unwrap_or(held);
        let steps = line.row.steps(before, base, bundled, self.made.at)?;
        for Step { game, outdates, .. } in &steps {
            if game.bundled != before.bundled {
                Whole::changed(game).must_fit(|id| self.games.get(&id)).map_err(unfit)?;
            }
            if let Some(Outdated::Behind(_)) = outdates {
                let is_public_after = game.must_be_public_after(|id| self.games.get(&id));
                is_public_after.map_err(|why| why.to_string())?;
            }
            before = game;
        }
        if writes_page == Some(WritesPage::Last) && !before.is_there() {
            return Err(WITHDRAWN.to_owned());
        }
        Ok((steps, writes_page))
    }

    /// Makes a new product, if it may be made. It is written with the others.
    fn add(&mut self, line: &Placed, key: &ImportKey) -> Result<(), String> {
        let base = line.row.base.as_ref().map(|base| self.part(line, base)).transpose()?;
        let bundled = self.bundled(line)?.unwrap_or_default();
        let new = line.row.new_game(base, bundled)?;
        Whole::new(&new, line.studio).must_fit(|id| self.games.get(&id)).map_err(unfit)?;
        let id = if new.state.is_public() { self.ids.pop() } else { Some(self.drawn()) };
        let id = id.ok_or("cannot be added now, import it again")?;
        let page = line.row.page.onto(GamePage::default());
        let has_page = page != GamePage::default();
        let NewGame { title, genre, price, description, kind, state, base, bundled, .. } = new;
        let game = Game {
            id,
            title,
            genre,
            price,
            description,
            revision: 1,
            studio: line.studio,
            kind,
            standing: Standing::new(state, new.release_day, self.made.at),
            base,
            bundled,
            shown: None,
            traits: has_page.then(|| Arc::new(page.traits(1))),
        };
        if has_page {
            self.pages.push((id, page));
        }
        self.known.insert((line.studio, key.clone()), id);
        self.unwritten.insert(id);
        self.games.insert(id, game.clone());
        self.events.push(GameEvent::beginning(game.clone()));
        self.new.push((key.clone(), game));
        Ok(())
    }

    /// An id for a secret. One that is in use already is found out when it is written, and then all is tried again.
    fn drawn(&self) -> GameId {
        loop {
            let id = GameId::drawn();
            if !self.games.contains_key(&id) {
                return id;
            }
        }
    }

    /// Writes the products that are new.
    async fn write(&mut self, tx: &mut StorefrontTx) -> storage::Result<()> {
        self.unwritten.clear();
        let (new, pages) = (mem::take(&mut self.new), mem::take(&mut self.pages));
        if new.is_empty() { Ok(()) } else { tx.add_games(&new, &pages, self.made).await }
    }

    /// The product that a line refers to.
    fn part(&self, line: &Placed, part: &Reference) -> Result<GameId, String> {
        match part {
            Reference::Id(id) => Ok(*id),
            Reference::Key(key) => {
                let id = self.known.get(&(line.studio, key.clone())).copied();
                id.ok_or_else(|| {
                    let key = key.as_str();
                    format!("refers to `{key}`, which is no product yet: put that one before it")
                })
            }
        }
    }

    fn bundled(&self, line: &Placed) -> Result<Option<Arc<[GameId]>>, String> {
        let Some(parts) = &line.row.bundled else { return Ok(None) };
        parts.iter().map(|part| self.part(line, part)).collect::<Result<_, _>>().map(Some)
    }
}

/// The product that a line is about, if there is one.
fn own_id(line: &Placed, known: &HashMap<Named, GameId>) -> Option<GameId> {
    match &line.row.of {
        Reference::Id(id) => Some(*id),
        Reference::Key(key) => known.get(&(line.studio, key.clone())).copied(),
    }
}

fn no_product(id: GameId) -> String {
    format!("there is no game {id}")
}

/// What is wrong, by the name that the field has in a file.
fn unfit(Unfit { field, why }: Unfit) -> String {
    let field = if field == "base_game_id" { "baseGameId" } else { "bundledGameIds" };
    format!("`{field}` {why}")
}
