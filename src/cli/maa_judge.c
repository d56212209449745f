#include "cli/maa_judge.h"

#include "base/fs.h"

void cli_maa_judge_done(struct cli_maa_judge *j)
{
    jwks_done(&j->keys);
    collateral_done(&j->collateral);
    cli_root_done(&j->root);
}

static enum err_code read_keys(const struct cli_args *a, struct cli_maa_judge *j, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(JWKS_MAX);
    const char *path = cli_value(a, "jwks");

    if (!path)
        return ERR_OK;
    TRY_IN(e, fs_read(path, &text, e), "--jwks");
    TRY_IN(e, jwks_parse(buf_bytes(&text), &j->keys, e), "--jwks %s", path);
    j->has_keys = true;
    return ERR_OK;
}

static enum err_code read_collateral(const struct cli_args *a, struct cli_maa_judge *j,
                                     struct err *e)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);
    const char *path = cli_value(a, "collateral");

    if (!path)
        return ERR_OK;
    TRY_IN(e, fs_read(path, &text, e), "--collateral");
    TRY_IN(e, collateral_bundle_decode(buf_bytes(&text), &bundle, e), "%s", path);
    collateral_of_bundle(&bundle, &j->roots, NULL, &j->collateral);
    j->has_collateral = true;
    return ERR_OK;
}

static enum err_code read_proof(const struct cli_args *a, struct cli_maa_judge *j, struct err *e)
{
    static const char *const about_keys[] = {"collateral", "root", NULL};

    for (size_t i = 0; about_keys[i]; i++)
        if (cli_value(a, about_keys[i]) && !cli_switch(a, "enclave-proof"))
            return err_set(e, ERR_USAGE,
                           "--%s is about no token, only about the enclaves of its keys: with "
                           "--enclave-proof",
                           about_keys[i]);
    TRY(cli_root_read(a, &j->root, e));
    j->roots = cli_roots(&j->root);
    TRY(read_collateral(a, j, e));
    j->question = (struct attest_question){
        .roots = &j->roots,
        .policy = &j->policy,
        .collateral = j->has_collateral ? &j->collateral : NULL,
        .now = j->now,
    };
    j->admit = cli_switch(a, "enclave-proof") ? &j->question : NULL;
    return ERR_OK;
}

enum err_code cli_maa_judge_read(const struct cli_args *a, struct cli_maa_judge *ret, struct err *e)
{
    if (cli_value(a, "issuer") && !jwks_is_issuer(cli_value(a, "issuer")))
        return err_set(e, ERR_USAGE, "--issuer %s: expected https://HOST, as tokens name it",
                       cli_value(a, "issuer"));
    TRY(cli_verify_policy(a, &ret->policy, e));
    TRY(cli_verify_time(a, &ret->now, e));
    if (cli_value(a, "policy-hash")) {
        TRY(cli_hash32(a, "policy-hash", &ret->policy_hash, e));
        ret->has_policy_hash = true;
    }
    TRY(read_keys(a, ret, e));
    return read_proof(a, ret, e);
}
