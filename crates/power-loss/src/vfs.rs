//! The VFS: SQLite's own, with the books between.
//!
//! Invariant: a file of ours is a [`ShimFile`] with the real file right behind it, both in memory
//! that SQLite allocated with `szOsFile` bytes and aligned to 8; `path` is set exactly while the
//! file is open and on a disk's books.
#![expect(
    unsafe_code,
    reason = "a VFS is a table of C functions over memory that SQLite hands out"
)]

use crate::disk::{self, Refused};
use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};
use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_void},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    ptr,
    sync::OnceLock,
};

/// Files with a name that must survive; others are scratch.
const LASTING: c_int = ffi::SQLITE_OPEN_MAIN_DB
    | ffi::SQLITE_OPEN_MAIN_JOURNAL
    | ffi::SQLITE_OPEN_SUPER_JOURNAL
    | ffi::SQLITE_OPEN_WAL;

/// Space for our part of a file; the real file starts behind it.
const REAL_AT: usize = size_of::<ShimFile>().next_multiple_of(8);

#[repr(C)]
struct ShimFile {
    base: sqlite3_file,
    path: Option<Box<Tracked>>,
}

struct Tracked {
    path: PathBuf,
    /// SQLite's VFS syncs the directory with the first sync of such a file.
    syncs_dir: bool,
}

struct RealVfs(*mut sqlite3_vfs);

// SAFETY: SQLite calls its VFS objects from any thread; this one is registered for good and never
// changed.
unsafe impl Send for RealVfs {}
// SAFETY: as above.
unsafe impl Sync for RealVfs {}

static REAL: OnceLock<RealVfs> = OnceLock::new();

/// A result code that is not `SQLITE_OK`.
struct Code(c_int);

impl From<Refused> for Code {
    fn from(refused: Refused) -> Code {
        Code(match refused {
            Refused::Full { .. } => ffi::SQLITE_FULL,
            Refused::SyncFailed => ffi::SQLITE_IOERR_FSYNC,
        })
    }
}

fn checked(code: c_int) -> Result<(), Code> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(Code(code)) }
}

fn code(result: Result<(), Code>) -> c_int {
    result.map_or_else(|code| code.0, |()| ffi::SQLITE_OK)
}

/// Puts the books between SQLite and its files, for every connection that the process opens from
/// now on. May be called more than once.
///
/// # Panics
///
/// If SQLite has no default VFS or refuses ours.
pub fn register_default() {
    REAL.get_or_init(|| {
        // SAFETY: a null name asks for the default VFS.
        let real = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
        assert!(!real.is_null(), "SQLite has a default VFS");
        // SAFETY: SQLite's own VFS objects are static. What is copied with the fields are methods
        // that do not look at the object they are called with, except at `pAppData`, which is
        // copied too.
        let mut shim = unsafe { *real };
        shim.zName = c"power-loss".as_ptr();
        shim.pNext = ptr::null_mut();
        shim.szOsFile += REAL_AT as c_int;
        shim.xOpen = Some(open);
        shim.xDelete = Some(delete);
        // SAFETY: the object is leaked, hence valid for good.
        let registered = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(shim)), 1) };
        assert_eq!(registered, ffi::SQLITE_OK, "SQLite takes the VFS");
        RealVfs(real)
    });
}

fn real_vfs() -> *mut sqlite3_vfs {
    REAL.get().expect("no method is called before it is registered").0
}

/// The real file behind ours.
///
/// # Safety
///
/// `file` is one that SQLite allocated for our VFS.
unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: the allocation is `REAL_AT` bytes longer than a real file.
    unsafe { file.cast::<u8>().add(REAL_AT).cast() }
}

/// The methods of the real file behind ours.
///
/// # Safety
///
/// `file` is one of ours, and open.
unsafe fn methods<'a>(file: *mut sqlite3_file) -> &'a sqlite3_io_methods {
    // SAFETY: an open file's methods are a static table.
    unsafe { &*(*real(file)).pMethods }
}

/// What the books know a file of ours by.
///
/// # Safety
///
/// `file` is one of ours, and open.
unsafe fn tracked<'a>(file: *mut sqlite3_file) -> Option<&'a Tracked> {
    // SAFETY: `open` has written a `ShimFile` there, and nothing changes it before `close`.
    unsafe { (*file.cast::<ShimFile>()).path.as_deref() }
}

/// # Safety
///
/// `name` is a C string that outlives the result.
unsafe fn path<'a>(name: *const c_char) -> &'a Path {
    // SAFETY: promised by the caller.
    Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()))
}

unsafe extern "C" fn open(
    _vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let is_lasting = !name.is_null() && flags & LASTING != 0;
    // SAFETY: SQLite allocated `file` for our VFS; fields are written before anything reads them.
    unsafe {
        let shim = file.cast::<ShimFile>();
        ptr::write(shim, ShimFile { base: sqlite3_file { pMethods: ptr::null() }, path: None });
        (*real(file)).pMethods = ptr::null();
    }
    let open_real = || {
        // SAFETY: the arguments are SQLite's, save for the VFS and the file, which are the real
        // ones.
        unsafe {
            let vfs = real_vfs();
            let opened =
                (*vfs).xOpen.expect("every VFS has it")(vfs, name, real(file), flags, out_flags);
            // A real file with methods must be closed, opened or not, and we must let it.
            if !(*real(file)).pMethods.is_null() {
                (*file).pMethods = &raw const METHODS;
            }
            checked(opened)
        }
    };
    if !is_lasting {
        return code(open_real());
    }
    // SAFETY: a name that is not null is a C string, which lives as long as the file is open.
    let path = unsafe { path(name) };
    let opened = disk::open(path, || {
        let was_there = path.exists();
        open_real()?;
        // SAFETY: the real file is open.
        let content = unsafe { read_all(file) }?;
        Ok((was_there, content))
    });
    if opened.is_ok() {
        let syncs_dir = flags & ffi::SQLITE_OPEN_MAIN_DB == 0;
        let tracked = Tracked { path: path.to_owned(), syncs_dir };
        // SAFETY: a `ShimFile` was written there above.
        unsafe { (*file.cast::<ShimFile>()).path = Some(Box::new(tracked)) };
    }
    code(opened)
}

/// # Safety
///
/// `file` is one of ours, and its real file is open.
unsafe fn read_all(file: *mut sqlite3_file) -> Result<Vec<u8>, Code> {
    // SAFETY: the methods are called with the file they belong to, and write into memory of the
    // size they are told.
    unsafe {
        let mut bytes = 0;
        checked(methods(file).xFileSize.expect("in version 1")(real(file), &raw mut bytes))?;
        let mut content = vec![0; bytes as usize];
        if bytes > 0 {
            let amount = c_int::try_from(bytes).map_err(|_| Code(ffi::SQLITE_TOOBIG))?;
            let read = methods(file).xRead.expect("in version 1");
            checked(read(real(file), content.as_mut_ptr().cast(), amount, 0))?;
        }
        Ok(content)
    }
}

unsafe extern "C" fn delete(_vfs: *mut sqlite3_vfs, name: *const c_char, sync_dir: c_int) -> c_int {
    // SAFETY: the arguments are SQLite's; the real VFS is called for itself.
    unsafe {
        let vfs = real_vfs();
        let delete_real = || checked((*vfs).xDelete.expect("every VFS has it")(vfs, name, 0));
        code(disk::delete(path(name), sync_dir != 0, delete_real))
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: `file` is ours and open; SQLite does not touch it again.
    unsafe {
        if let Some(tracked) = (*file.cast::<ShimFile>()).path.take() {
            disk::close(&tracked.path);
        }
        methods(file).xClose.expect("in version 1")(real(file))
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    amount: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: `file` is ours and open; `from` points to `amount` bytes.
    unsafe {
        let write_real = |bytes: &[u8], offset: u64| {
            let write = methods(file).xWrite.expect("in version 1");
            let (from, amount) = (bytes.as_ptr().cast(), bytes.len() as c_int);
            if amount == 0 {
                Ok(())
            } else {
                checked(write(real(file), from, amount, offset as i64))
            }
        };
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), amount as usize);
        code(match tracked(file) {
            Some(tracked) => disk::write(&tracked.path, offset as u64, bytes, write_real),
            None => write_real(bytes, offset as u64),
        })
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, bytes: i64) -> c_int {
    // SAFETY: `file` is ours and open.
    unsafe {
        let truncate_real =
            || checked(methods(file).xTruncate.expect("in version 1")(real(file), bytes));
        code(match tracked(file) {
            Some(tracked) => disk::truncate(&tracked.path, bytes as u64, truncate_real),
            None => truncate_real(),
        })
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: `file` is ours and open.
    match unsafe { tracked(file) } {
        Some(tracked) => code(disk::sync(&tracked.path, tracked.syncs_dir).map_err(Code::from)),
        None => ffi::SQLITE_OK,
    }
}

/// Methods that the books do not care about.
macro_rules! passed_on {
    ($($name:ident => $method:ident($($arg:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($arg: $kind),*) $(-> $result)? {
            // SAFETY: `file` is ours and open; the other arguments are SQLite's.
            unsafe { methods(file).$method.expect("the unix VFS has it")(real(file), $($arg),*) }
        }
    )*};
}

passed_on! {
    read => xRead(into: *mut c_void, amount: c_int, offset: i64) -> c_int;
    file_size => xFileSize(into: *mut i64) -> c_int;
    lock => xLock(level: c_int) -> c_int;
    unlock => xUnlock(level: c_int) -> c_int;
    check_reserved_lock => xCheckReservedLock(into: *mut c_int) -> c_int;
    file_control => xFileControl(op: c_int, arg: *mut c_void) -> c_int;
    sector_size => xSectorSize() -> c_int;
    device_characteristics => xDeviceCharacteristics() -> c_int;
    shm_map => xShmMap(page: c_int, bytes: c_int, extend: c_int, into: *mut *mut c_void) -> c_int;
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier => xShmBarrier();
    shm_unmap => xShmUnmap(delete: c_int) -> c_int;
}

/// Version 2: without `xFetch`, so that no page is read or written through a memory map.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
