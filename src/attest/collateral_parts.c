#include "attest/collateral_parts.h"

#include <stdio.h>

#include "attest/pcs_body.h"
#include "base/fs.h"

#define FILE_MAX (2 * CRL_DER_MAX + 4096)

static const struct {
    const char *body, *member, *chain;
} parts[COLLATERAL_KINDS] = {
    [COLLATERAL_TCB_INFO] = {"tcb_info.json", "tcbInfo", "tcb_info_issuer_chain.pem"},
    [COLLATERAL_QE_IDENTITY] = {"qe_identity.json", "enclaveIdentity",
                                "qe_identity_issuer_chain.pem"},
    [COLLATERAL_ROOT_CRL] = {"root_ca_crl.der", NULL, NULL},
    [COLLATERAL_PCK_CRL] = {"pck_crl.der", NULL, "pck_crl_issuer_chain.pem"},
};

bool collateral_parts_has(const char *name)
{
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        if (strcmp(name, parts[k].body) == 0)
            return true;
    return false;
}

static enum err_code read_body(const char *path, size_t k, struct collateral_text *t, struct err *e)
{
    struct buf file AUTO_CALL(buf_done) = BUF(FILE_MAX);
    uint8_t signature[PCS_SIGNATURE_LEN];
    struct bytes object;

    TRY(fs_read(path, &file, e));
    t->body = BUF(parts[k].member ? TCB_TEXT_MAX : CRL_DER_MAX);
    t->signature = BUF(PCS_SIGNATURE_LEN);
    if (!parts[k].member) {
        TRY_IN(e, crl_to_der(buf_bytes(&file), &t->body, e), "%s", path);
        return ERR_OK;
    }
    TRY_IN(e, pcs_body_split(buf_bytes(&file), parts[k].member, &object, signature, e), "%s", path);
    buf_put(&t->body, object);
    buf_put(&t->signature, BYTES(signature));
    TRY(buf_check(&t->body, e));
    return buf_check(&t->signature, e);
}

static enum err_code read_chain(const char *path, struct collateral_text *t, struct err *e)
{
    struct buf file AUTO_CALL(buf_done) = BUF(2 * COLLATERAL_CHAIN_MAX);

    t->issuer_chain = BUF(COLLATERAL_CHAIN_MAX);
    TRY(fs_read(path, &file, e));
    if (!file.n || !memchr(file.p, '%', file.n)) {
        buf_put(&t->issuer_chain, buf_bytes(&file));
        return buf_check(&t->issuer_chain, e);
    }
    if (memchr(file.p, 0, file.n))
        return err_set(e, ERR_INVALID, "%s: a zero byte", path);
    while (file.n > 0 && file.p[file.n - 1] == '\n')
        file.n--;
    TRY_IN(e, buf_cstr(&file) ? pcs_chain_decode(buf_cstr(&file), &t->issuer_chain, e) : ERR_NOMEM,
           "%s", path);
    return ERR_OK;
}

enum err_code collateral_parts_read(const char *folder, struct collateral_bundle *ret,
                                    struct err *e)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    char path[4096];
    size_t n = 0;

    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        enum err_code rc;

        snprintf(path, sizeof path, "%s/%s", folder, parts[k].body);
        rc = read_body(path, k, &b.text[k], e);
        if (rc == ERR_NOT_FOUND)
            continue;
        TRY(rc);
        n++;
        if (!parts[k].chain)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, parts[k].chain);
        TRY(read_chain(path, &b.text[k], e));
    }
    if (n == 0)
        return err_set(e, ERR_NOT_FOUND,
                       "%s: no collateral: expected tcb_info.json, qe_identity.json, "
                       "root_ca_crl.der and pck_crl.der",
                       folder);
    collateral_bundle_done(ret);
    *ret = b;
    b = (struct collateral_bundle){0};
    return ERR_OK;
}

enum err_code collateral_parts_write(const char *folder, const struct collateral_bundle *b,
                                     struct err *e)
{
    char path[4096];

    TRY(fs_mkdirs(folder, 0755, e));
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        const struct collateral_text *t = &b->text[k];
        struct buf body AUTO_CALL(buf_done) = BUF(FILE_MAX);

        if (!t->body.n)
            continue;
        if (parts[k].member)
            pcs_body_put(&body, parts[k].member, buf_bytes(&t->body), buf_bytes(&t->signature));
        else
            buf_put(&body, buf_bytes(&t->body));
        TRY(buf_check(&body, e));
        snprintf(path, sizeof path, "%s/%s", folder, parts[k].body);
        TRY(fs_write_atomic(path, buf_bytes(&body), 0644, e));
        if (!parts[k].chain)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, parts[k].chain);
        TRY(fs_write_atomic(path, buf_bytes(&t->issuer_chain), 0644, e));
    }
    return ERR_OK;
}
