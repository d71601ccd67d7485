//! The disk that tests hold in their hands: a directory, its books, and what is wrong with it.
//!
//! Invariant: one lock; what is written under it and what the books say never differ.

use crate::{
    books::{Action, FileBooks},
    fate::{Dice, Loss},
};
use parking_lot::{Condvar, MappedMutexGuard, Mutex, MutexGuard};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc,
};

/// All disks of the process: SQLite knows one VFS.
struct World {
    files: BTreeMap<PathBuf, FileBooks>,
    /// Deleted files whose deletion is not durable.
    ghosts: BTreeMap<PathBuf, FileBooks>,
    disks: BTreeMap<PathBuf, Faults>,
}

#[derive(Default)]
struct Faults {
    coming_loss: Option<ComingLoss>,
    fails_next_sync: Option<OsString>,
    free_bytes: Option<u64>,
    /// Names of files whose syncs wait.
    paused: Vec<OsString>,
    syncs_waiting: usize,
}

/// A loss of power that waits for its moment.
struct ComingLoss {
    steps: u64,
    into: PathBuf,
    seed: u64,
    at_the_moment: Box<dyn FnOnce() + Send>,
    tell: mpsc::Sender<io::Result<Loss>>,
}

static WORLD: Mutex<World> =
    Mutex::new(World { files: BTreeMap::new(), ghosts: BTreeMap::new(), disks: BTreeMap::new() });
/// A pause began or ended, or a sync waits.
static CHANGED: Condvar = Condvar::new();

/// A directory as the disk that it is on. Dropping it forgets the books of all files below.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
}

/// Syncs of a file wait while this lives.
#[derive(Debug)]
pub struct SyncPause {
    dir: PathBuf,
    file: OsString,
}

impl Disk {
    /// The disk of a directory, which is made if it is missing. Open it before SQLite opens a file
    /// there.
    pub fn at(dir: &Path) -> io::Result<Disk> {
        fs::create_dir_all(dir)?;
        let dir = dir.canonicalize()?;
        WORLD.lock().disks.insert(dir.clone(), Faults::default());
        Ok(Disk { dir })
    }

    /// Copies the directory to `into`, which must not exist, as it could look if the power failed
    /// now.
    pub fn power_loss(&self, into: &Path, seed: u64) -> io::Result<Loss> {
        copy_after_loss(&WORLD.lock(), &self.dir, into, seed)
    }

    /// As [`Disk::power_loss`], but in the middle of what SQLite does: right after its so many-th
    /// write, truncation, deletion or sync, with 0 after the next. First calls `at_the_moment`,
    /// while everybody who writes waits; it must not touch SQLite.
    pub fn power_loss_after(
        &self,
        steps: u64,
        into: &Path,
        seed: u64,
        at_the_moment: impl FnOnce() + Send + 'static,
    ) -> mpsc::Receiver<io::Result<Loss>> {
        let (tell, told) = mpsc::channel();
        let at_the_moment = Box::new(at_the_moment);
        let coming = ComingLoss { steps, into: into.to_owned(), seed, at_the_moment, tell };
        self.faults().coming_loss = Some(coming);
        told
    }

    /// The next sync of a file of this name fails with an I/O error, and what it was for is never
    /// made durable.
    pub fn fail_next_sync(&self, file: &str) {
        self.faults().fails_next_sync = Some(file.into());
    }

    /// Files may grow by so many bytes; then the disk is full.
    pub fn fill_after(&self, bytes: u64) {
        self.faults().free_bytes = Some(bytes);
    }

    /// There is room again.
    pub fn make_room(&self) {
        self.faults().free_bytes = None;
    }

    /// Lets every sync of a file of this name wait until the pause is dropped: a disk as slow as
    /// the test likes.
    pub fn pause_syncs(&self, file: &str) -> SyncPause {
        self.faults().paused.push(file.into());
        SyncPause { dir: self.dir.clone(), file: file.into() }
    }

    /// How many writes and truncations a power loss may undo.
    pub fn unsynced(&self) -> usize {
        below(&WORLD.lock().files, &self.dir).map(|(_, books)| books.unsynced()).sum()
    }

    /// Fails if a file differs from its books: something wrote past the VFS.
    pub fn audit(&self) -> io::Result<()> {
        let world = WORLD.lock();
        for (path, books) in below(&world.files, &self.dir) {
            if fs::read(path)? != books.current() {
                let told = format!("{} is not what was written", path.display());
                return Err(io::Error::other(told));
            }
        }
        Ok(())
    }

    fn faults(&self) -> MappedMutexGuard<'static, Faults> {
        faults(WORLD.lock(), &self.dir)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mut world = WORLD.lock();
        world.disks.remove(&self.dir);
        world.files.retain(|path, _| !path.starts_with(&self.dir));
        world.ghosts.retain(|path, _| !path.starts_with(&self.dir));
    }
}

impl SyncPause {
    /// Blocks until a sync waits.
    pub fn wait_for_sync(&self) {
        let mut world = WORLD.lock();
        while world.faults_of(&self.dir).is_some_and(|faults| faults.syncs_waiting == 0) {
            CHANGED.wait(&mut world);
        }
    }
}

impl Drop for SyncPause {
    fn drop(&mut self) {
        if let Some(faults) = WORLD.lock().faults_of(&self.dir) {
            faults.paused.retain(|file| *file != self.file);
        }
        CHANGED.notify_all();
    }
}

fn faults(world: MutexGuard<'static, World>, dir: &Path) -> MappedMutexGuard<'static, Faults> {
    MutexGuard::map(world, |world| world.disks.get_mut(dir).expect("lives as long as its disk"))
}

fn below<'a>(
    files: &'a BTreeMap<PathBuf, FileBooks>,
    dir: &'a Path,
) -> impl Iterator<Item = (&'a PathBuf, &'a FileBooks)> {
    files.iter().filter(move |(path, _)| path.starts_with(dir))
}

fn copy_after_loss(world: &World, dir: &Path, into: &Path, seed: u64) -> io::Result<Loss> {
    let (mut dice, mut loss) = (Dice::new(seed), Loss::default());
    copy_untracked(world, dir, into)?;
    let moved = |path: &Path| into.join(path.strip_prefix(dir).expect("a file below the folder"));
    for (path, books) in below(&world.files, dir) {
        if let Some(content) = books.after_loss(&mut dice, &mut loss) {
            fs::write(moved(path), content)?;
        }
    }
    for (path, books) in below(&world.ghosts, dir) {
        let is_back = !dice.keeps() && !world.files.contains_key(path);
        if let Some(content) = books.after_loss(&mut dice, &mut loss).filter(|_| is_back) {
            fs::write(moved(path), content)?;
        }
    }
    Ok(loss)
}

fn copy_untracked(world: &World, from: &Path, into: &Path) -> io::Result<()> {
    fs::create_dir(into)?;
    for found in fs::read_dir(from)? {
        let found = found?;
        let (path, target) = (found.path(), into.join(found.file_name()));
        let is_shared_memory = found.file_name().to_string_lossy().ends_with("-shm");
        if found.file_type()?.is_dir() {
            copy_untracked(world, &path, &target)?;
        } else if !is_shared_memory && !world.files.contains_key(&path) {
            match fs::copy(&path, &target) {
                // Its owner, who is not under our lock, may just have replaced it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done.map(drop)?,
            }
        }
    }
    Ok(())
}

// === what the VFS asks ===

/// Why the disk did not do as it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// So many bytes still fitted.
    Full {
        fitted: usize,
    },
    SyncFailed,
}

impl World {
    fn faults_of(&mut self, path: &Path) -> Option<&mut Faults> {
        let mut disks = self.disks.iter_mut();
        disks.find(|(dir, _)| path.starts_with(dir)).map(|(_, faults)| faults)
    }

    /// A step is done; a loss of power may have waited for it.
    fn step(&mut self, path: &Path) {
        let mut disks = self.disks.iter_mut();
        let Some((dir, faults)) = disks.find(|(dir, _)| path.starts_with(dir)) else { return };
        let Some(mut loss) = faults.coming_loss.take() else { return };
        if loss.steps > 0 {
            loss.steps -= 1;
            faults.coming_loss = Some(loss);
            return;
        }
        let dir = dir.clone();
        (loss.at_the_moment)();
        // A test that has failed meanwhile listens no more.
        let _ = loss.tell.send(copy_after_loss(self, &dir, &loss.into, loss.seed));
    }

    fn books(&mut self, path: &Path) -> Option<&mut FileBooks> {
        self.files.get_mut(path)
    }
}

/// Opens the books of a file; the closure opens the file and tells whether it was there before, and
/// what is in it. Files outside every disk have none.
pub(crate) fn open<E>(
    path: &Path,
    open: impl FnOnce() -> Result<(bool, Vec<u8>), E>,
) -> Result<(), E> {
    let mut world = WORLD.lock();
    let (was_there, content) = open()?;
    if world.faults_of(path).is_none() {
        return Ok(());
    }
    world.ghosts.remove(path);
    let books =
        world.files.entry(path.to_owned()).or_insert_with(|| FileBooks::new(Vec::new(), was_there));
    // While nobody had it open, anybody may have changed it.
    if books.opened == 0 && books.current() != content {
        *books = FileBooks::new(content, was_there);
    }
    books.opened += 1;
    Ok(())
}

/// Notes that a connection has let go of a file.
pub(crate) fn close(path: &Path) {
    if let Some(books) = WORLD.lock().books(path) {
        books.opened -= 1;
    }
}

/// Writes `bytes` by the closure if there is room, and as much of them as there is room for if not.
pub(crate) fn write<E: From<Refused>>(
    path: &Path,
    offset: u64,
    bytes: &[u8],
    write: impl FnOnce(&[u8], u64) -> Result<(), E>,
) -> Result<(), E> {
    let mut world = WORLD.lock();
    let size = world.books(path).map_or(0, |books| books.bytes);
    let end = offset + bytes.len() as u64;
    let growth = end.saturating_sub(size);
    let mut fits = bytes.len();
    if let Some(free) = world.faults_of(path).and_then(|faults| faults.free_bytes.as_mut()) {
        let missing = growth.saturating_sub(*free);
        *free -= growth.min(*free);
        fits = fits.saturating_sub(missing as usize);
    }
    let fitting = &bytes[..fits];
    write(fitting, offset)?;
    if let Some(books) = world.books(path).filter(|_| fits > 0) {
        books.note(Action::Write { offset, bytes: fitting.to_vec() });
    }
    world.step(path);
    if fits < bytes.len() { Err(Refused::Full { fitted: fits }.into()) } else { Ok(()) }
}

/// Truncates by the closure.
pub(crate) fn truncate<E>(
    path: &Path,
    bytes: u64,
    truncate: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let mut world = WORLD.lock();
    truncate()?;
    if let Some(books) = world.books(path) {
        books.note(Action::Resize { bytes });
    }
    world.step(path);
    Ok(())
}

/// Makes a file durable in the books, which is all that counts: the real disk is not asked.
pub(crate) fn sync(path: &Path, with_dir: bool) -> Result<(), Refused> {
    let mut world = WORLD.lock();
    let name = path.file_name().unwrap_or_default();
    let waits = |faults: &&mut Faults| faults.paused.iter().any(|file| file == name);
    while let Some(faults) = world.faults_of(path).filter(waits) {
        faults.syncs_waiting += 1;
        CHANGED.notify_all();
        CHANGED.wait(&mut world);
        world.faults_of(path).into_iter().for_each(|faults| faults.syncs_waiting -= 1);
    }
    let fails = world
        .faults_of(path)
        .is_some_and(|faults| faults.fails_next_sync.take_if(|file| file == name).is_some());
    let Some(books) = world.files.get_mut(path) else { return Ok(()) };
    if fails {
        books.fail_sync();
        return Err(Refused::SyncFailed);
    }
    let is_new_name = !books.is_named;
    books.sync();
    if with_dir && is_new_name {
        let dir = path.parent();
        world.ghosts.retain(|ghost, _| ghost.parent() != dir);
    }
    world.step(path);
    Ok(())
}

/// Deletes by the closure. Unless the directory is synced too, the file may come back.
pub(crate) fn delete<E>(
    path: &Path,
    sync_dir: bool,
    delete: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let mut world = WORLD.lock();
    delete()?;
    let books = world.files.remove(path);
    if sync_dir {
        let dir = path.parent();
        world.ghosts.retain(|ghost, _| ghost.parent() != dir);
    } else if let Some(books) = books {
        world.ghosts.insert(path.to_owned(), books);
    }
    world.step(path);
    Ok(())
}
