#include "store/factory.h"

#include <stdio.h>
#include <string.h>
#include "base/codec.h"
#include "base/uri.h"

static enum err_code open_file(const struct uri *u, const struct store_chain *chain,
                               struct store_backend *ret, struct err *e)
{
    char dir[sizeof u->host + sizeof u->path];

    (void)chain;
    /* file://./rel is how version 1 wrote a relative path; any other host is another machine. */
    if ((u->host[0] && strcmp(u->host, ".") != 0) || u->port || !u->path[0] || u->query[0])
        return err_set(e, ERR_INVALID,
                       "file storage is written file:///folder or file://./folder, nothing else");
    snprintf(dir, sizeof dir, "%s%s", u->host, u->path);
    return store_file_backend(dir, ret, e);
}

static enum err_code open_onchain(const struct uri *u, const struct store_chain *chain,
                                  struct store_backend *ret, struct err *e)
{
    struct addr contract;

    if (u->port || (u->path[0] && strcmp(u->path, "/") != 0) || u->query[0])
        return err_set(e, ERR_INVALID,
                       "onchain storage is written onchain://0x<40 hex digits>, nothing else");
    TRY_IN(e, addr_parse(bytes_of_str(u->host), &contract, e), "onchain storage");
    if (!chain || !chain->view)
        return err_set(e, ERR_INVALID, "onchain storage needs a chain to read it from");
    return store_onchain_backend(chain, &contract, ret, e);
}

static const struct scheme {
    const char *name;
    enum err_code (*open)(const struct uri *u, const struct store_chain *chain,
                          struct store_backend *ret, struct err *e);
    bool from_chain; /* may the chain name one? */
} schemes[] = {
    {"file", open_file, false},
    {"onchain", open_onchain, true},
};

#define KNOWN "file, onchain"

enum err_code store_backend_open(const char *uri, enum store_origin origin,
                                 const struct store_chain *chain, struct store_backend *ret,
                                 struct err *e)
{
    struct uri u;

    TRY_IN(e, uri_parse(bytes_of_str(uri), &u, e), "storage");
    if (u.has_userinfo)
        return err_set(e, ERR_DENIED,
                       "storage URI of scheme %s carries user information; none is accepted",
                       u.scheme);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strcmp(schemes[i].name, u.scheme) != 0)
            continue;
        if (origin == STORE_FROM_CHAIN && !schemes[i].from_chain)
            return err_set(e, ERR_DENIED,
                           "the contract names storage of scheme %s: only the operator of this "
                           "machine may (--store)",
                           u.scheme);
        return schemes[i].open(&u, chain, ret, e);
    }
    return err_set(e, ERR_INVALID, "storage scheme %s is not known here; known are " KNOWN,
                   u.scheme);
}
