// What Swift cannot call in <sqlite3.h>: macros that cast integers to function pointers, and variadic functions.
#ifndef AMENDS_CSQLITE_SHIM_H
#define AMENDS_CSQLITE_SHIM_H

#include <sqlite3.h>

// STRICT tables and SQLITE_OPEN_EXRESCODE arrived with 3.37.
#if SQLITE_VERSION_NUMBER < 3037000
#error "Amends needs SQLite 3.37 or newer (on Debian: apt install libsqlite3-dev)."
#endif

// Binds a copy of `count` bytes of UTF-8. A null pointer would bind NULL, so an empty text gets an address.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, bytes ? (const char *)bytes : "", count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

// Binds `count` bytes of UTF-8 that stay where they are for as long as they are bound, without copying them.
static inline int csqlite_bind_static_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, bytes ? (const char *)bytes : "", count, SQLITE_STATIC, SQLITE_UTF8);
}

// Binds a copy of `count` bytes. A null pointer would bind NULL, so an empty blob gets an address.
static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}

// Binds `count` bytes that stay where they are for as long as they are bound, without copying them.
static inline int csqlite_bind_static_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", count, SQLITE_STATIC);
}

// Sets one of the boolean SQLITE_DBCONFIG_* options.
static inline int csqlite_db_config_flag(sqlite3 *connection, int option, int isOn) {
    return sqlite3_db_config(connection, option, isOn, (int *)0);
}

// Turns the process-wide allocation statistics on or off; only before SQLite's first use in the process.
static inline int csqlite_config_memory_statistics(int isOn) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, isOn);
}

#endif
