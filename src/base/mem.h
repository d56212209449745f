/* mem - scope-bound ownership.  Room: base.
 *
 * Every owned local is AUTO(type) and initialised where it is declared; ownership leaves with TAKE.
 * DEFINE_AUTO(type, fn) makes AUTO(type) call fn on a non-NULL pointer at scope exit.
 * AUTO_CALL(fn) is the same for objects in place: `struct buf b AUTO_CALL(buf_done) = BUF(4096);`
 */
#pragma once
#include <stdlib.h>

#define DEFINE_AUTO(type, fn)                                                                      \
    static inline void auto_##type(type **p)                                                       \
    {                                                                                              \
        if (*p)                                                                                    \
            fn(*p);                                                                                \
    }                                                                                              \
    struct auto_needs_semicolon_
#define AUTO(type)    __attribute__((cleanup(auto_##type))) type *
#define AUTO_CALL(fn) __attribute__((cleanup(fn)))
#define TAKE(p)                                                                                    \
    (__extension__({                                                                               \
        __typeof__(p) take_ = (p);                                                                 \
        (p) = NULL;                                                                                \
        take_;                                                                                     \
    }))

typedef char heap_str; /* AUTO(heap_str) s = strdup(...) */
DEFINE_AUTO(heap_str, free);
