/* Verified objects: signatures under a pinned root, contents parsed after that; kept by content. */
#include "attest/collateral.h"

#include <pthread.h>
#include <stdio.h>
#include "crypto/digest.h"
#include "crypto/pem.h"

#define KEY_CERT_SIGN 0x0400 /* key usage, bit 5 */
#define CRL_SIGN      0x0200 /* bit 6 */

static const char cn_signer[] = "Intel SGX TCB Signing";
static const char *const cn_ca[] = {"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"};

void collateral_object_unref(collateral_object *o)
{
    if (atomic_fetch_sub(&o->refs, 1) != 1)
        return;
    if (o->kind == COLLATERAL_TCB_INFO)
        tcb_info_done(&o->tcb_info);
    else if (o->kind == COLLATERAL_QE_IDENTITY)
        qe_identity_done(&o->qe_identity);
    else
        crl_done(&o->crl);
    buf_done(&o->der);
    free(o);
}

collateral_object *collateral_object_ref(collateral_object *o)
{
    atomic_fetch_add(&o->refs, 1);
    return o;
}

bool collateral_of_ca(struct bytes issuer, enum pck_ca ca)
{
    const char *cn = cn_ca[ca == PCK_CA_PLATFORM ? 0 : 1];

    return memmem(issuer.p, issuer.n, cn, strlen(cn)) != NULL;
}

/* ---- chains of two: signer, root ---- */

struct signer {
    struct buf der[2];
    struct pck_cert cert;
    const struct attest_root *root;
    /* Once it verified: the text that it was read from, borrowed, and as what. */
    struct bytes chain;
    bool is_ca;
};

static void signer_done(struct signer *s)
{
    buf_done(&s->der[0]);
    buf_done(&s->der[1]);
    *s = (struct signer){0};
}

static bool cn_is(const struct pck_cert *c, const char *cn)
{
    return bytes_eq(c->subject_cn, bytes_of_str(cn));
}

static enum err_code read_signer(struct bytes pem, const struct attest_roots *roots,
                                 struct signer *s, struct err *e)
{
    pem = pck_pem_trim(pem);
    for (size_t i = 0; i < 2; i++) {
        s->der[i] = BUF(PCK_DER_MAX);
        TRY_IN(e, pem_next(&pem, "CERTIFICATE", &s->der[i], e), "certificate %zu of 2", i + 1);
    }
    if (pem.n != 0)
        return err_set(e, ERR_INVALID, "%zu bytes behind the 2 certificates", pem.n);
    s->root = attest_roots_find(roots, buf_bytes(&s->der[1]));
    if (!s->root)
        return err_set(e, ERR_VERIFY, "the chain ends in an unknown root, expected %s",
                       roots->n ? roots->list[0].label : "none");
    return pck_cert_parse(buf_bytes(&s->der[0]), &s->cert, e);
}

/* The first certificate is that signer, or one of the PCK CAs, issued by the root. */
static enum err_code check_signer(const struct signer *s, bool is_ca, struct err *e)
{
    const struct pck_cert *c = &s->cert;

    if (is_ca) {
        if (!cn_is(c, cn_ca[0]) && !cn_is(c, cn_ca[1]))
            return err_set(e, ERR_VERIFY, "the first certificate is neither \"%s\" nor \"%s\"",
                           cn_ca[0], cn_ca[1]);
        if (!c->is_ca || !c->has_key_usage || !(c->key_usage & KEY_CERT_SIGN) ||
            !(c->key_usage & CRL_SIGN))
            return err_set(e, ERR_VERIFY, "the CA may not sign certificates and lists");
    } else {
        if (!cn_is(c, cn_signer))
            return err_set(e, ERR_VERIFY, "the first certificate is not \"%s\"", cn_signer);
        if (c->is_ca)
            return err_set(e, ERR_VERIFY, "the signer is an authority");
    }
    if (!bytes_eq(c->issuer, s->root->subject))
        return err_set(e, ERR_VERIFY, "the first certificate was not issued by the root");
    return attest_root_signed(s->root, c->tbs, c->signature, e);
}

static void keep_signer(const struct signer *s, collateral_object *o)
{
    o->root = s->root;
    o->signer_serial_len = pck_serial_keep(s->cert.serial, o->signer_serial);
    pck_validity_add(&o->signer, s->cert.not_before, s->cert.not_after,
                     o->kind == COLLATERAL_PCK_CRL ? "PCK CA certificate"
                                                   : "TCB signing certificate");
    pck_validity_add(&o->signer, s->root->not_before, s->root->not_after, "root certificate");
    if (o->kind != COLLATERAL_PCK_CRL)
        return;
    pck_ca_id(&s->cert, &o->issuer_key);
    pck_ca_pair(s->root, s->cert.der, &o->issuer_pair);
}

static enum err_code signed_by(const struct pck_cert *signer, struct bytes message,
                               struct bytes sig, bool raw, struct err *e)
{
    AUTO(p256_pub) key = NULL;
    struct hash32 digest;

    TRY(p256_pub_new(signer->key, &key, e));
    sha256(message, &digest);
    return raw ? p256_pub_verify_raw(key, &digest, sig, e)
               : p256_pub_verify_der(key, &digest, sig, e);
}

/* ---- each kind ---- */

/* s is the signer of the object before it: one that has the same chain, as the QE identity has that
 * of the TCB info, is not verified again. */
static enum err_code verify_signer(const struct collateral_text *text, bool is_ca,
                                   const struct attest_roots *roots, struct signer *s,
                                   enum attest_fault *fault, struct err *e)
{
    const enum attest_fault refused = is_ca ? FAULT_PCK_CRL : FAULT_TCB_SIGNER;
    const struct bytes chain = buf_bytes(&text->issuer_chain);
    struct err why;

    if (chain.n == 0)
        return attest_fail(fault, e, FAULT_COLLATERAL_MISSING, "no chain of its issuer");
    if (s->is_ca == is_ca && bytes_eq(s->chain, chain))
        return ERR_OK;
    signer_done(s);
    if (read_signer(chain, roots, s, &why) != ERR_OK || check_signer(s, is_ca, &why) != ERR_OK)
        return attest_fail(fault, e, refused, "%s", why.msg);
    s->chain = chain;
    s->is_ca = is_ca;
    return ERR_OK;
}

/* The signature is over the bytes as served, and is judged before anything of them is read. */
static enum err_code verify_json(const struct collateral_text *text, const struct signer *s,
                                 collateral_object *o, enum attest_fault *fault, struct err *e)
{
    bool tcb = o->kind == COLLATERAL_TCB_INFO;
    struct err why;

    if (signed_by(&s->cert, buf_bytes(&text->body), buf_bytes(&text->signature), true, &why) !=
        ERR_OK)
        return attest_fail(fault, e, tcb ? FAULT_TCB_INFO_SIG : FAULT_QE_IDENTITY_SIG, "%s",
                           why.msg);
    if (tcb) {
        if (tcb_info_parse(buf_bytes(&text->body), &o->tcb_info, &why) != ERR_OK)
            return attest_fail(fault, e, FAULT_TCB_INFO, "%s", why.msg);
        o->issued = o->tcb_info.issue_date;
        o->next_update = o->tcb_info.next_update;
        return ERR_OK;
    }
    if (qe_identity_parse(buf_bytes(&text->body), &o->qe_identity, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_QE_IDENTITY, "%s", why.msg);
    o->issued = o->qe_identity.issue_date;
    o->next_update = o->qe_identity.next_update;
    return ERR_OK;
}

static enum err_code read_crl(const struct collateral_text *text, collateral_object *o,
                              struct err *e)
{
    buf_put(&o->der, buf_bytes(&text->body));
    TRY(buf_check(&o->der, e));
    TRY(crl_parse(buf_bytes(&o->der), &o->crl, e));
    o->issued = o->crl.this_update;
    o->next_update = o->crl.next_update;
    return ERR_OK;
}

static enum err_code verify_root_crl(const struct collateral_text *text,
                                     const struct attest_roots *roots, collateral_object *o,
                                     enum attest_fault *fault, struct err *e)
{
    struct err why;

    if (read_crl(text, o, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_ROOT_CRL, "%s", why.msg);
    for (size_t i = 0; i < roots->n; i++)
        if (bytes_eq(o->crl.issuer, roots->list[i].subject))
            o->root = &roots->list[i];
    if (!o->root)
        return attest_fail(fault, e, FAULT_ROOT_CRL, "not issued by a root that is known");
    if (attest_root_signed(o->root, o->crl.tbs, o->crl.signature, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_ROOT_CRL, "%s", why.msg);
    pck_validity_add(&o->signer, o->root->not_before, o->root->not_after, "root certificate");
    return ERR_OK;
}

static enum err_code verify_pck_crl(const struct collateral_text *text, const struct signer *s,
                                    collateral_object *o, enum attest_fault *fault, struct err *e)
{
    struct err why;

    if (read_crl(text, o, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CRL, "%s", why.msg);
    if (!bytes_eq(o->crl.issuer, s->cert.subject))
        return attest_fail(fault, e, FAULT_PCK_CRL, "not issued by the CA of its chain");
    if (signed_by(&s->cert, o->crl.tbs, o->crl.signature, false, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_CRL, "%s", why.msg);
    return ERR_OK;
}

static enum err_code verify_anew(const struct collateral_text *text, enum collateral_kind kind,
                                 const struct attest_roots *roots, struct signer *s,
                                 collateral_object **ret, enum attest_fault *fault, struct err *e)
{
    AUTO(collateral_object) o = calloc(1, sizeof *o);

    if (!o)
        return attest_fail(fault, e, FAULT_INTERNAL, "out of memory");
    o->kind = kind;
    o->der = BUF(CRL_DER_MAX);
    atomic_init(&o->refs, 1);
    if (kind == COLLATERAL_ROOT_CRL) {
        TRY(verify_root_crl(text, roots, o, fault, e));
    } else {
        TRY(verify_signer(text, kind == COLLATERAL_PCK_CRL, roots, s, fault, e));
        keep_signer(s, o);
        if (kind == COLLATERAL_PCK_CRL)
            TRY(verify_pck_crl(text, s, o, fault, e));
        else
            TRY(verify_json(text, s, o, fault, e));
    }
    *ret = TAKE(o);
    return ERR_OK;
}

/* ---- kept by content ---- */

struct collateral_cache {
    pthread_mutex_t lock;
    size_t max, n, next; /* a ring: the oldest goes first */
    collateral_object *kept[];
};

enum err_code collateral_cache_new(size_t max_objects, collateral_cache **ret, struct err *e)
{
    collateral_cache *c;

    if (max_objects == 0 || max_objects > 4096)
        return err_set(e, ERR_INVALID, "a cache of %zu collateral objects, expected 1 to 4096",
                       max_objects);
    c = calloc(1, sizeof *c + max_objects * sizeof(collateral_object *));
    if (!c)
        return err_set(e, ERR_NOMEM, "cache of collateral");
    pthread_mutex_init(&c->lock, NULL);
    c->max = max_objects;
    *ret = c;
    return ERR_OK;
}

void collateral_cache_free(collateral_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        collateral_object_unref(c->kept[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static collateral_object *cache_find(collateral_cache *c, const struct hash32 *content)
{
    collateral_object *found = NULL;

    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n && !found; i++)
        if (hash32_eq(&c->kept[i]->content, content))
            found = collateral_object_ref(c->kept[i]);
    pthread_mutex_unlock(&c->lock);
    return found;
}

static void cache_put(collateral_cache *c, collateral_object *o)
{
    collateral_object *old = NULL;

    pthread_mutex_lock(&c->lock);
    if (c->n < c->max)
        c->n++;
    else
        old = c->kept[c->next];
    c->kept[c->next] = collateral_object_ref(o);
    c->next = (c->next + 1) % c->max;
    pthread_mutex_unlock(&c->lock);
    if (old)
        collateral_object_unref(old);
}

/* Lengths are hashed too, so that no byte can move from one text to the next. */
static void content_of(const struct collateral_text *t, enum collateral_kind kind,
                       struct hash32 *ret)
{
    const uint64_t head[] = {kind, t->body.n, t->signature.n};

    SHA256_OF(ret, BYTES(head), buf_bytes(&t->body), buf_bytes(&t->signature),
              buf_bytes(&t->issuer_chain));
}

static enum err_code verify_known(const struct collateral_text *text, enum collateral_kind kind,
                                  const struct attest_roots *roots, collateral_cache *cache,
                                  struct signer *s, collateral_object **ret,
                                  enum attest_fault *fault, struct err *e)
{
    AUTO(collateral_object) o = NULL;
    struct hash32 content;

    if (text->body.n == 0)
        return attest_fail(fault, e, FAULT_COLLATERAL_MISSING, "no %s", collateral_kind_name(kind));
    if (!cache)
        return verify_anew(text, kind, roots, s, ret, fault, e);
    content_of(text, kind, &content);
    o = cache_find(cache, &content);
    if (!o) {
        TRY(verify_anew(text, kind, roots, s, &o, fault, e));
        o->content = content;
        cache_put(cache, o);
    }
    *ret = TAKE(o);
    return ERR_OK;
}

enum err_code collateral_verify(const struct collateral_text *text, enum collateral_kind kind,
                                const struct attest_roots *roots, collateral_cache *cache,
                                collateral_object **ret, enum attest_fault *fault, struct err *e)
{
    struct signer s AUTO_CALL(signer_done) = {0};

    return verify_known(text, kind, roots, cache, &s, ret, fault, e);
}

/* ---- the four ---- */

void collateral_done(struct collateral *c)
{
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        if (c->part[k])
            collateral_object_unref(c->part[k]);
    *c = (struct collateral){0};
}

void collateral_of_bundle(const struct collateral_bundle *b, const struct attest_roots *roots,
                          collateral_cache *cache, struct collateral *ret)
{
    struct signer s AUTO_CALL(signer_done) = {0};

    *ret = (struct collateral){0};
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        enum attest_fault fault = FAULT_NONE;
        struct err why;

        if (verify_known(&b->text[k], (enum collateral_kind)k, roots, cache, &s, &ret->part[k],
                         &fault, &why) == ERR_OK)
            continue;
        ret->problem[k].fault = fault;
        /* The message begins with the fault's name, which is said anyway. */
        snprintf(ret->problem[k].detail, sizeof ret->problem[k].detail, "%.199s",
                 why.msg + strcspn(why.msg, ":") + 2);
        /* A signer is kept only when its chain held. */
        ret->problem[k].has_signer =
            s.chain.n > 0 && bytes_eq(s.chain, buf_bytes(&b->text[k].issuer_chain));
        if (ret->problem[k].has_signer)
            ret->problem[k].signer_serial_len =
                pck_serial_keep(s.cert.serial, ret->problem[k].signer_serial);
    }
}

enum err_code collateral_complete(struct collateral_bundle *b, struct bytes pck_pem, struct err *e)
{
    static const char end[] = "-----END CERTIFICATE-----";
    struct collateral_text *crl = &b->text[COLLATERAL_PCK_CRL];
    const uint8_t *second;

    if (crl->body.n == 0 || crl->issuer_chain.n > 0 || pck_pem.n == 0)
        return ERR_OK;
    second = memmem(pck_pem.p, pck_pem.n, end, sizeof end - 1);
    if (!second)
        return ERR_OK; /* the chain's own check says what is wrong with it */
    second += sizeof end - 1;
    while (second < pck_pem.p + pck_pem.n && (*second == '\r' || *second == '\n'))
        second++;
    buf_put(&crl->issuer_chain, (struct bytes){second, pck_pem.n - (size_t)(second - pck_pem.p)});
    return buf_check(&crl->issuer_chain, e);
}
