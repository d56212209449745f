/* keystore: files that others made open; wrong ones, wrong passwords and greedy ones do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/codec.h"
#include "base/json.h"
#include "crypto/keystore.h"
#include "support/vectors.h"

static struct buf file(const char *name)
{
    struct buf text = BUF(KEYSTORE_TEXT_MAX);
    char path[128], *p;
    size_t n;

    snprintf(path, sizeof path, "tests/vectors/keystore/%s.json", name);
    p = vector_read(path, &n);
    buf_put(&text, (struct bytes){(uint8_t *)p, n});
    free(p);
    return text;
}

static void opens(const char *name, const char *password, const char *key_hex)
{
    struct buf text AUTO_CALL(buf_done) = file(name);
    AUTO(secret) key = NULL;
    AUTO(secret) none = NULL;
    struct keystore k;
    uint8_t expected[32];
    struct err e = {0};

    assert_int_equal(hex_decode(bytes_of_str(key_hex), expected, sizeof expected, &e), ERR_OK);
    if (keystore_parse(buf_bytes(&text), &k, &e) != ERR_OK ||
        keystore_open(&k, bytes_of_str(password), &key, &e) != ERR_OK)
        fail_msg("%s: %s", name, e.msg);
    assert_memory_equal(key->p, expected, sizeof expected);
    assert_int_equal(keystore_open(&k, bytes_of_str("another"), &none, &e), ERR_VERIFY);
    assert_null(none);
}

static void files_that_others_made_open(void **state)
{
    static const char definition[] =
        "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

    (void)state;
    opens("pbkdf2", "testpassword", definition);
    opens("cast", "correct horse",
          "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
}

/* A file with little work in it, whose text may be spoilt. */
static const char small[] =
    "{\"version\":3,\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"
    "\"83dbcc02d8ccb40e466191a123791e0e\"},\"ciphertext\":"
    "\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c\",\"kdf\":\"scrypt\","
    "\"kdfparams\":{\"dklen\":32,\"n\":2,\"r\":1,\"p\":1,\"salt\":\"ab0c\"},\"mac\":"
    "\"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097\"}}";

static enum err_code parse_with(const char *old, const char *new, struct keystore *k, struct err *e)
{
    const char *at = strstr(small, old);
    char text[2048];

    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - small), small, new, at + strlen(old));
    return keystore_parse(bytes_of_str(text), k, e);
}

static void what_is_not_of_version_3_is_refused(void **state)
{
    static const char *const changes[][2] = {
        {"\"version\":3", "\"version\":1"},
        {"\"version\":3,", ""},
        {"aes-128-ctr", "aes-128-cbc"},
        {"83dbcc02", "83dbcc"},
        {"d172bf74", "d172bf"},
        {"2103ac29", "2103ac"},
        {"\"scrypt\"", "\"argon2\""},
        {"\"dklen\":32", "\"dklen\":16"},
        {"\"n\":2", "\"n\":3"},
        {"\"n\":2", "\"n\":1"},
        {"\"n\":2", "\"n\":0"},
        {"\"r\":1", "\"r\":0"},
        {"\"p\":1", "\"p\":0"},
        {"\"ab0c\"", "\"\""},
        {"\"ab0c\"", "\"ab0\""},
        {"\"ab0c\"", "\"zz\""},
        {"}}", "},\"address\":\"0x12\"}"},
    };
    struct keystore k;
    struct err e = {0};

    (void)state;
    assert_int_equal(keystore_parse(bytes_of_str(small), &k, &e), ERR_OK);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (parse_with(changes[i][0], changes[i][1], &k, &e) != ERR_INVALID)
            fail_msg("%s may be %s", changes[i][0], changes[i][1]);
}

static void what_scrypt_itself_forbids_is_refused_by_name(void **state)
{
    struct buf text AUTO_CALL(buf_done) = file("scrypt");
    struct keystore k;
    struct err e = {0};

    (void)state;
    assert_int_equal(keystore_parse(buf_bytes(&text), &k, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "RFC 7914"));
}

static void work_without_end_is_refused(void **state)
{
    static const char *const greedy[][2] = {
        {"\"n\":2,\"r\":1", "\"n\":4194304,\"r\":8"}, /* 512 MiB */
        {"\"n\":2,\"r\":1", "\"n\":262144,\"r\":9"},
        {"\"n\":2,\"r\":1", "\"n\":2147483648,\"r\":8"},
        {"\"p\":1", "\"p\":8388609"},
        {"\"n\":2,\"r\":1,\"p\":1", "\"n\":2147483648,\"r\":4294967295,\"p\":4294967295"},
        {"\"scrypt\",\"kdfparams\":{",
         "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha256\",\"c\":10000001,"},
    };
    struct keystore k;
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof greedy / sizeof greedy[0]; i++)
        if (parse_with(greedy[i][0], greedy[i][1], &k, &e) != ERR_TOO_LARGE)
            fail_msg("%s may be %s", greedy[i][0], greedy[i][1]);
    /* What wallets write: geth's and ethers' standard. */
    assert_int_equal(parse_with("\"n\":2,\"r\":1", "\"n\":262144,\"r\":8", &k, &e), ERR_OK);
    assert_int_equal(parse_with("\"n\":2,\"r\":1,\"p\":1", "\"n\":4096,\"r\":8,\"p\":6", &k, &e),
                     ERR_OK);
}

static void a_file_that_was_changed_does_not_open(void **state)
{
    struct buf text AUTO_CALL(buf_done) = file("cast");
    AUTO(secret) key = NULL;
    struct keystore k, changed;
    struct err e = {0};

    (void)state;
    assert_int_equal(keystore_parse(buf_bytes(&text), &k, &e), ERR_OK);
    changed = k;
    changed.ciphertext[0] ^= 1;
    assert_int_equal(keystore_open(&changed, bytes_of_str("correct horse"), &key, &e), ERR_VERIFY);
    changed = k;
    changed.mac[31] ^= 1;
    assert_int_equal(keystore_open(&changed, bytes_of_str("correct horse"), &key, &e), ERR_VERIFY);
    changed = k; /* the MAC does not cover the IV: the address shows it */
    changed.iv[15] ^= 1;
    changed.has_address = true;
    changed.address = (struct addr){{0xf3, 0x9f, 0xd6, 0xe5, 0x1a, 0xad, 0x88, 0xf6, 0xf4, 0xce,
                                     0x6a, 0xb8, 0x82, 0x72, 0x79, 0xcf, 0xff, 0xb9, 0x22, 0x66}};
    assert_int_equal(keystore_open(&changed, bytes_of_str("correct horse"), &key, &e), ERR_VERIFY);
    changed.iv[15] ^= 1;
    assert_int_equal(keystore_open(&changed, bytes_of_str("correct horse"), &key, &e), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_others_made_open),
        cmocka_unit_test(what_is_not_of_version_3_is_refused),
        cmocka_unit_test(what_scrypt_itself_forbids_is_refused_by_name),
        cmocka_unit_test(work_without_end_is_refused),
        cmocka_unit_test(a_file_that_was_changed_does_not_open),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
