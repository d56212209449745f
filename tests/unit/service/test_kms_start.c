/* How the KMS service starts (fail-closed, SR-72), stays ready, renews its evidence, and ends. */
#include "kms_stage.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "crypto/x509.h"

/* Nothing listens after a start that failed: the admin socket is not answered. */
static void assert_no_start(struct stage *st, enum err_code want, const char *says)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct err e = {0};
    int fd;

    assert_int_equal(stage_try(st, &e), want);
    assert_null(st->service);
    assert_has(e.msg, says);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", st->admin);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), -1);
    close(fd);
}

static void a_whole_start_is_ready_and_answers_on_its_sockets(void **state)
{
    STAGE st = stage_start(stage_new());
    struct stat mode;

    (void)state;
    assert_string_equal(stage_get(st, "/readyz", 200), "{\"status\":\"ready\"}");
    assert_string_equal(stage_get(st, "/livez", 200), "{\"status\":\"alive\"}");
    assert_string_equal(stage_admin(st, "GET", "/readyz", 200), "{\"status\":\"ready\"}");
    assert_int_equal(stat(st->admin, &mode), 0);
    assert_int_equal(mode.st_mode & 0777, 0600);
    assert_int_equal(stat(st->audit, &mode), 0);
    assert_int_equal(mode.st_mode & 0777, 0600);
}

static void without_its_address_there_is_no_start(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.listen = "192.0.2.1:1";
    assert_no_start(st, ERR_IO, "listen");
}

static void without_a_quote_there_is_no_start(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->quote_fails = ERR_IO;
    assert_no_start(st, ERR_IO, "attest");
}

static void with_a_quote_that_does_not_verify_there_is_no_start(void **state)
{
    STAGE st = stage_new();
    AUTO(sim_platform) wrong = NULL;
    struct err e = {0};

    (void)state;
    world_must(sim_platform_new("wrong", SIM_QUOTE_SIG, &wrong, &e), &e, "platform");
    st->machine = wrong;
    assert_no_start(st, ERR_VERIFY, "own evidence");
}

static void without_a_block_there_is_no_start(void **state)
{
    STAGE st = stage_new();

    (void)state;
    stage_chain_fails(st, true);
    assert_no_start(st, ERR_UPSTREAM, "attest");
}

static void where_no_kms_contract_is_there_is_no_start(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.security.kms = (struct addr){{0x77}};
    assert_no_start(st, ERR_NOT_FOUND, "governance");
}

static void with_a_broken_audit_log_there_is_no_start(void **state)
{
    STAGE st = stage_new();
    FILE *f = fopen(st->audit, "w");

    (void)state;
    fputs("this is no audit log\n", f);
    fclose(f);
    assert_no_start(st, ERR_VERIFY, "audit log");
}

static void a_second_service_on_the_same_audit_log_does_not_start(void **state)
{
    STAGE st = stage_start(stage_new());
    struct kms_service_config again = st->config;
    kms_service *second = NULL;
    struct err e = {0};
    char admin[160];

    (void)state;
    snprintf(admin, sizeof admin, "%s.2", st->admin);
    again.admin = admin;
    assert_int_equal(kms_service_start(&again, &second, &e), ERR_BUSY);
    assert_null(second);
}

static void a_chain_view_of_another_chain_is_refused(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->view.chain_id = 1;
    assert_no_start(st, ERR_INVALID, "chain");
}

static void metrics_on_a_port_that_the_configuration_does_not_name_are_refused(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.metrics = "127.0.0.1:0";
    assert_no_start(st, ERR_INVALID, "metrics");
}

static void assert_not_ready(struct stage *st, enum err_code want, const char *says)
{
    struct err e = {0};

    assert_int_equal(kms_service_ready(st->service, &e), want);
    assert_has(e.msg, says);
    assert_string_equal(stage_get(st, "/readyz", 503), "{\"status\":\"not ready\"}");
    assert_has(stage_admin(st, "GET", "/status", 200), "\"ready\":false");
}

static void a_node_whose_principal_is_not_allowed_is_not_ready(void **state)
{
    STAGE st = stage_new();
    const struct hash32 *self = &st->w->ctx.authority.self;

    (void)state;
    stage_fact(st, &st->w->config.kms, gov_slot_entry(GOV_SLOT_IDENTITIES, self, 0),
               world_policy(GOV_REVOKED, 0, 1, 0));
    stage_start(st);
    assert_not_ready(st, ERR_DENIED, "this KMS");
    stage_fact(st, &st->w->config.kms, gov_slot_entry(GOV_SLOT_IDENTITIES, self, 0),
               world_allowed());
    stage_later(st, 1);
    stage_get(st, "/readyz", 200);
}

static void another_configuration_is_another_principal_and_not_ready(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.security.max_block_age = 1234;
    stage_start(st);
    assert_not_ready(st, ERR_DENIED, "this KMS");
}

static void a_node_whose_root_is_not_the_committed_one_is_not_ready(void **state)
{
    STAGE st = stage_new();

    (void)state;
    stage_fact(st, &st->w->config.kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){{9}});
    stage_start(st);
    assert_not_ready(st, ERR_DENIED, "not the one committed");
}

static void a_paused_kms_contract_makes_it_not_ready(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    pthread_mutex_lock(&st->lock);
    world_head(st->w, &st->w->config.kms, &(struct gov_head){.scheme = 2, .paused = true});
    pthread_mutex_unlock(&st->lock);
    stage_later(st, 1);
    assert_not_ready(st, ERR_DENIED, "KMS contract");
}

static void a_silent_chain_makes_it_not_ready(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    stage_chain_fails(st, true);
    stage_later(st, 1);
    assert_not_ready(st, ERR_UPSTREAM, "no block");
}

/* The evidence's block in a new connection's certificate. */
static uint64_t block_of_certificate(struct stage *st)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct kms_claim claim;
    struct bytes rest;
    struct err e = {0};

    stage_reconnect(st);
    stage_get(st, "/livez", 200);
    world_must(evidence_of_certificate(buf_bytes(&st->leaf), &ev, &e), &e, "evidence");
    world_must(kms_claim_parse(buf_bytes(&ev.payload), &claim, &rest, &e), &e, "claim");
    return claim.block;
}

static void evidence_is_renewed_after_ten_minutes_with_the_block_of_then(void **state)
{
    STAGE st = stage_start(stage_new());
    const struct timespec pause = {.tv_nsec = 50000000};
    uint64_t found = 0;

    (void)state;
    assert_int_equal(block_of_certificate(st), 100);
    pthread_mutex_lock(&st->lock);
    st->w->block.ref.number = 200;
    st->w->block.timestamp += KMS_EVIDENCE_RENEW_S + 1;
    pthread_mutex_unlock(&st->lock);
    stage_later(st, KMS_EVIDENCE_RENEW_S + 1);
    for (int i = 0; i < 100 && found != 200; i++) {
        nanosleep(&pause, NULL);
        found = block_of_certificate(st);
    }
    assert_int_equal(found, 200);
}

static void a_node_that_cannot_renew_is_not_ready_after_an_hour(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    __atomic_store_n(&st->quote_fails, ERR_IO, __ATOMIC_RELAXED);
    stage_later(st, KMS_EVIDENCE_OLDEST_S);
    stage_get(st, "/readyz", 200);
    stage_later(st, 1);
    assert_not_ready(st, ERR_LOCKED, "evidence");
}

/* The host turns the clock, or NTP does. */
static void a_clock_that_is_set_back_delays_no_renewal(void **state)
{
    STAGE st = stage_start(stage_new());
    const struct timespec pause = {.tv_nsec = 50000000};
    uint64_t found = 0;

    (void)state;
    pthread_mutex_lock(&st->lock);
    st->w->block.ref.number = 200;
    pthread_mutex_unlock(&st->lock);
    stage_later(st, KMS_EVIDENCE_RENEW_S + 1);
    __atomic_sub_fetch(&st->now, 2 * KMS_EVIDENCE_RENEW_S, __ATOMIC_RELAXED);
    for (int i = 0; i < 100 && found != 200; i++) {
        nanosleep(&pause, NULL);
        found = block_of_certificate(st);
    }
    assert_int_equal(found, 200);
}

static void a_clock_that_is_set_back_makes_no_evidence_young(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    __atomic_store_n(&st->quote_fails, ERR_IO, __ATOMIC_RELAXED);
    stage_later(st, KMS_EVIDENCE_OLDEST_S + 1);
    __atomic_sub_fetch(&st->now, 3000, __ATOMIC_RELAXED);
    assert_not_ready(st, ERR_LOCKED, "evidence");
}

static atomic_bool disk_fails;

int fdatasync(int fd)
{
    if (!disk_fails)
        return fsync(fd);
    errno = EIO;
    return -1;
}

static void a_node_whose_audit_log_broke_is_not_ready(void **state)
{
    STAGE st = stage_start(stage_new());
    const struct timespec pause = {.tv_nsec = 50000000};
    struct err e = {0};

    (void)state;
    disk_fails = true;
    stage_post(st, "/api/v2/secrets/5FbDB2315678afecb367f032d93F642f64180aa3", "{}", 400);
    stage_later(st, AUDIT_REFUSED_EVERY_S + 1); /* then the refusal is written */
    for (int i = 0; i < 100 && kms_service_ready(st->service, &e) == ERR_OK; i++)
        nanosleep(&pause, NULL);
    disk_fails = false;
    assert_not_ready(st, ERR_IO, "audit log");
}

static void the_certificate_carries_evidence_within_the_limit_and_is_no_ca(void **state)
{
    STAGE st = stage_start(stage_new());
    AUTO(X509) leaf = NULL;
    struct bytes ext;
    struct err e = {0};

    (void)state;
    stage_get(st, "/livez", 200);
    world_must(x509_parse(buf_bytes(&st->leaf), &leaf, &e), &e, "leaf");
    world_must(x509_extension(leaf, OID_TEEREG_EVIDENCE, &ext, &e), &e, "extension");
    assert_true(ext.n > 1000 && ext.n <= EVIDENCE_EXTENSION_MAX);
    assert_int_equal(X509_check_ca(leaf), 0);
}

static void each_start_has_a_new_tls_key(void **state)
{
    uint8_t first[P256_SPKI_LEN], second[P256_SPKI_LEN];

    (void)state;
    for (int i = 0; i < 2; i++) {
        STAGE st = stage_start(stage_new());
        AUTO(X509) leaf = NULL;
        struct err e = {0};

        stage_get(st, "/livez", 200);
        world_must(x509_parse(buf_bytes(&st->leaf), &leaf, &e), &e, "leaf");
        world_must(x509_spki(leaf, i ? second : first, &e), &e, "key");
    }
    assert_memory_not_equal(first, second, sizeof first);
}

static void drain_makes_it_not_ready_until_undrain(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    assert_string_equal(stage_admin(st, "POST", "/drain", 200), "{\"status\":\"draining\"}");
    assert_string_equal(stage_admin(st, "POST", "/drain", 200),
                        "{\"status\":\"already draining\"}");
    stage_get(st, "/readyz", 503);
    stage_get(st, "/livez", 200);
    assert_has(stage_admin(st, "GET", "/status", 200), "\"why_not\":\"draining\"");
    stage_admin(st, "GET", "/drain", 405);
    assert_string_equal(stage_admin(st, "POST", "/undrain", 200), "{\"status\":\"ready\"}");
    assert_string_equal(stage_admin(st, "POST", "/undrain", 200), "{\"status\":\"already ready\"}");
    stage_get(st, "/readyz", 200);
}

static void metrics_are_on_the_admin_socket_and_on_a_port_if_asked_for(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.metrics = "127.0.0.1:0";
    st->config.security.listeners = KMS_LISTEN_METRICS_TCP;
    stage_start(st);
    assert_has(stage_admin(st, "GET", "/metrics", 200), "\nteereg_finalized_block ");
}

static void metrics_on_an_address_that_others_reach_are_refused(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.metrics = "0.0.0.0:0";
    st->config.security.listeners = KMS_LISTEN_METRICS_TCP;
    assert_no_start(st, ERR_DENIED, "loopback");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_start_is_ready_and_answers_on_its_sockets),
        cmocka_unit_test(without_its_address_there_is_no_start),
        cmocka_unit_test(without_a_quote_there_is_no_start),
        cmocka_unit_test(with_a_quote_that_does_not_verify_there_is_no_start),
        cmocka_unit_test(without_a_block_there_is_no_start),
        cmocka_unit_test(where_no_kms_contract_is_there_is_no_start),
        cmocka_unit_test(with_a_broken_audit_log_there_is_no_start),
        cmocka_unit_test(a_second_service_on_the_same_audit_log_does_not_start),
        cmocka_unit_test(a_chain_view_of_another_chain_is_refused),
        cmocka_unit_test(metrics_on_a_port_that_the_configuration_does_not_name_are_refused),
        cmocka_unit_test(a_node_whose_principal_is_not_allowed_is_not_ready),
        cmocka_unit_test(another_configuration_is_another_principal_and_not_ready),
        cmocka_unit_test(a_node_whose_root_is_not_the_committed_one_is_not_ready),
        cmocka_unit_test(a_paused_kms_contract_makes_it_not_ready),
        cmocka_unit_test(a_silent_chain_makes_it_not_ready),
        cmocka_unit_test(evidence_is_renewed_after_ten_minutes_with_the_block_of_then),
        cmocka_unit_test(a_node_that_cannot_renew_is_not_ready_after_an_hour),
        cmocka_unit_test(a_clock_that_is_set_back_delays_no_renewal),
        cmocka_unit_test(a_clock_that_is_set_back_makes_no_evidence_young),
        cmocka_unit_test(a_node_whose_audit_log_broke_is_not_ready),
        cmocka_unit_test(the_certificate_carries_evidence_within_the_limit_and_is_no_ca),
        cmocka_unit_test(each_start_has_a_new_tls_key),
        cmocka_unit_test(drain_makes_it_not_ready_until_undrain),
        cmocka_unit_test(metrics_are_on_the_admin_socket_and_on_a_port_if_asked_for),
        cmocka_unit_test(metrics_on_an_address_that_others_reach_are_refused),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
