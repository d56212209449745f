/* What parses holds to the grammar's promises, and its parameters can be asked for. */
#include <stdlib.h>
#include "base/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_control(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct uri u;
    struct err e = {0};
    char value[32];

    if (uri_parse((struct bytes){data, size}, &u, &e) != ERR_OK)
        return 0;
    if (!u.scheme[0] || (u.path[0] && u.path[0] != '/'))
        abort();
    if (has_control(u.userinfo) || has_control(u.host) || has_control(u.path) ||
        has_control(u.query))
        abort();
    if (uri_param(&u, "region", value, sizeof value, &e) == ERR_OK && has_control(value))
        abort();
    return 0;
}
