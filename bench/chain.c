/* chain - what the chain costs a decision.
 *
 *   bench-chain NODE CHAIN_ID KMS APP ROOT_FILE PRINCIPAL
 *       one JSON object: {"decision_ns"}, an application and an identity decided from a block that
 *       is known, and in one doubt about it, through a quorum of one; {"proof_ns"}, an answer of
 * eth_getProof of mainnet with an account and five slots read and verified.  Medians. */
#include <stdio.h>
#include <time.h>
#include "base/codec.h"
#include "base/fs.h"
#include "chain/proof.h"
#include "chain/view_quorum.h"
#include "kms/decide.h"

#define ROUNDS 101
#define BATCH  50
#define SLOTS  5

static void must(enum err_code code, const struct err *e)
{
    if (code == ERR_OK)
        return;
    fprintf(stderr, "bench-chain: %s\n", e->msg);
    exit(1);
}

static double computed_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_of(void (*f)(void *), void *self)
{
    static double ns[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        const double start = computed_ns();

        for (int k = 0; k < BATCH; k++)
            f(self);
        ns[i] = (computed_ns() - start) / BATCH;
    }
    qsort(ns, ROUNDS, sizeof ns[0], by_size);
    return ns[ROUNDS / 2];
}

/* ---- a proof ---- */

struct proof {
    struct buf text;
    struct hash32 root;
};

/* The slot of the recorded answer, five times. */
static void load_proof(struct proof *p)
{
    struct buf file AUTO_CALL(buf_done) = BUF(1 << 20);
    const char *source = getenv("TEEREG_SRC");
    char path[4096], *slots, *end;
    struct err e;

    snprintf(path, sizeof path, "%s/tests/vectors/eth/proofs/mainnet-usdc-22432097.json",
             source ? source : ".");
    must(fs_read(path, &file, &e), &e);
    (void)buf_cstr(&file);
    slots = strstr((char *)file.p, "\"storageProof\":[") + strlen("\"storageProof\":[");
    end = strrchr((char *)file.p, ']');
    p->text = BUF(1 << 20);
    buf_put(&p->text, (struct bytes){file.p, (size_t)(slots - (char *)file.p)});
    for (int i = 0; i < SLOTS; i++) {
        buf_put_str(&p->text, i ? "," : "");
        buf_put(&p->text, (struct bytes){(uint8_t *)slots, (size_t)(end - slots)});
    }
    buf_put_str(&p->text, "]}");
    must(buf_check(&p->text, &e), &e);
    must(hash32_parse(
             bytes_of_str("77b08a7d7026b6d7e3097d293561e8dcfd70a738a2d8936058b3d18b0f97b3ff"),
             &p->root, &e),
         &e);
}

static void check_proof(void *self)
{
    const struct proof *p = self;
    struct proved_slot slots[SLOTS];
    AUTO(json) answer = NULL;
    struct mpt_account account;
    struct addr address;
    struct err e;
    size_t n;

    must(json_parse(buf_bytes(&p->text), 1 << 20, &answer, &e), &e);
    must(proof_check(answer, &p->root, &address, &account, slots, SLOTS, &n, &e), &e);
}

/* ---- a decision ---- */

struct decision {
    struct kms_authority a;
    struct addr app;
};

static void decide(void *self)
{
    const struct decision *d = self;
    static const struct kms_subject nobody = {.name = {{1}}};
    struct kms_app_standing app;
    struct kms_identity_standing identity;
    enum kms_reason why = KMS_GRANTED;
    struct err e;

    must(kms_decide_app(&d->a, &d->app, NULL, &app, &why, &e), &e);
    if (kms_decide_identity(&d->a, &d->app, &app, &nobody, &identity, &why, &e) == ERR_OK)
        exit(1);
}

/* Where final and newest block are of one second there may be none, and half of the work. */
static unsigned one_doubt(void *self)
{
    (void)self;
    return 1;
}

int main(int argc, char *argv[])
{
    struct chain_view_ops doubting;
    struct chain_view view AUTO_CALL(chain_view_done) = {0};
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(256);
    struct endpoint_config node;
    struct view_quorum_config config = {
        .endpoints = &node, .n = 1, .k = 1, .clock = &clock_system, .slot_ms = 60000};
    struct kms_config security;
    struct decision d;
    struct proof p;
    kms_root *root;
    struct err e;

    if (argc != 7)
        return 2;
    json_init();
    must(secret_memory_init(&e), &e);
    node = (struct endpoint_config){.url = argv[1]};
    kms_config_init(&security);
    security.chain_id = config.chain_id = strtoull(argv[2], NULL, 10);
    d = (struct decision){.a = {.config = &security, .view = &view, .clock = &clock_system}};
    must(addr_parse(bytes_of_str(argv[3]), &security.kms, &e), &e);
    must(addr_parse(bytes_of_str(argv[4]), &d.app, &e), &e);
    must(fs_read(argv[5], &text, &e), &e);
    must(kms_root_parse(buf_bytes(&text), &root, &e), &e);
    must(kms_apps_new(&root, 16, &d.a.apps, &e), &e);
    must(hash32_parse(bytes_of_str(argv[6]), &d.a.self, &e), &e);
    must(view_quorum_new(&config, &view, &e), &e);
    doubting = *view.ops;
    doubting.doubts = one_doubt;
    view.ops = &doubting;
    load_proof(&p);
    decide(&d); /* the block is known from here on */
    printf("{\"decision_ns\": %.0f, ", median_of(decide, &d));
    printf("\"proof_ns\": %.0f}\n", median_of(check_proof, &p));
    buf_done(&p.text);
    kms_apps_free(d.a.apps);
    return 0;
}
