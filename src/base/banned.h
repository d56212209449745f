/* banned - functions nobody may call here, as compile errors.  Room: base.
 *
 * Force-included before every source file of src/ and sim/.  The headers that declare the functions
 * come first, so that only later uses meet the macros; what a use becomes is an undeclared name
 * that says what happened.  Prefer, for strings: buf_put/buf_putf, snprintf; for numbers: the
 * strict decoders of base/codec.h; for time: gmtime_r; in rooms with secrets: bytes_eq. */
#pragma once
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) sorry_##name##_is_a_banned_function

#undef strcpy
#define strcpy(...) BANNED(strcpy)
#undef strcat
#define strcat(...) BANNED(strcat)
#undef strncpy
#define strncpy(...) BANNED(strncpy)
#undef strncat
#define strncat(...) BANNED(strncat)
#undef strtok
#define strtok(...) BANNED(strtok)
#undef gets
#define gets(...) BANNED(gets)

#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)
#undef scanf
#define scanf(...) BANNED(scanf)
#undef fscanf
#define fscanf(...) BANNED(fscanf)
#undef sscanf
#define sscanf(...) BANNED(sscanf)
#undef vsscanf
#define vsscanf(...) BANNED(vsscanf)

#undef atoi
#define atoi(...) BANNED(atoi)
#undef atol
#define atol(...) BANNED(atol)
#undef atoll
#define atoll(...) BANNED(atoll)

#undef gmtime
#define gmtime(...) BANNED(gmtime)
#undef localtime
#define localtime(...) BANNED(localtime)
#undef ctime
#define ctime(...) BANNED(ctime)
#undef asctime
#define asctime(...) BANNED(asctime)

#undef rand
#define rand(...) BANNED(rand)
#undef srand
#define srand(...) BANNED(srand)
#undef random
#define random(...) BANNED(random)

#undef alloca
#define alloca(...) BANNED(alloca)
#undef system
#define system(...) BANNED(system)
#undef popen
#define popen(...) BANNED(popen)
#undef tmpnam
#define tmpnam(...) BANNED(tmpnam)
#undef mktemp
#define mktemp(...) BANNED(mktemp)

/* Rooms that hold secrets compare in constant time only; meson sets this for crypto and kms. */
#ifdef TEEREG_SECRET_ROOM
#undef memcmp
#define memcmp(...) BANNED(memcmp)
#undef bcmp
#define bcmp(...) BANNED(bcmp)
#endif
