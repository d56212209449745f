/* Text that parses is written, parses again and is written the same; any text can be quoted.  What
 * is JSON, and which tree it is, another reader says too: jansson's own. */
#include <stdlib.h>
#include "base/json_tree.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define MAX 65536

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_init();
    return 0;
}

static void getters_are_total(const json *j)
{
    struct buf b AUTO_CALL(buf_done) = BUF(64);
    uint8_t two[2];
    struct err e = {0};
    uint64_t u;
    int64_t i;
    const char *s;
    bool v;

    for (size_t at = 0; at < json_len(j); at++)
        getters_are_total(json_at(j, at));
    for (size_t at = 0; at < json_members(j); at++) {
        const json *node = NULL;
        const char *name = NULL;

        if (!json_member(j, at, &name, &node) || !json_has(j, name))
            abort();
        getters_are_total(node);
        if (json_get_str(j, name, 8, &s, &e) == ERR_OK && strlen(s) > 8)
            abort();
        if (json_get_u64(j, name, 255, &u, &e) == ERR_OK && u > 255)
            abort();
        (void)!json_get_i64(j, name, &i, &e);
        (void)!json_get_bool(j, name, &v, &e);
        (void)!json_get_hex(j, name, two, 2, &e);
        (void)!json_get_hex0x(j, name, two, 2, &e);
        (void)!json_get_b64(j, name, &b, &e);
    }
}

static void quoting_gives_a_string(struct bytes text)
{
    struct buf quoted AUTO_CALL(buf_done) = BUF(8 * text.n + 2);
    AUTO(json) j = NULL;
    struct err e = {0};

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == 0)
            return; /* \u0000 is written and never read */
    }
    json_put_quoted(&quoted, text);
    if (json_parse(buf_bytes(&quoted), SIZE_MAX, &j, &e) != ERR_OK)
        abort();
    if (utf8_valid(text) && !bytes_eq(bytes_of_str(json_str(j)), text))
        abort();
}

static bool has_fraction(json_t *t)
{
    const char *name;
    json_t *child;
    size_t i;

    json_array_foreach(t, i, child) if (has_fraction(child)) return true;
    json_object_foreach(t, name, child) if (has_fraction(child)) return true;
    return json_is_real(t);
}

static void jansson_agrees(struct bytes text)
{
    json_error_t error = {0};
    json_t *theirs =
        json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    AUTO(json) ours = NULL;
    AUTO(json) foreign = NULL;
    AUTO(json) answer = NULL;
    struct err e = {0};
    enum err_code rc = json_parse(text, MAX, &ours, &e);

    if (rc == ERR_OK ? !theirs || !json_equal(theirs, t_of(ours))
                     : rc == ERR_INVALID && theirs && !has_fraction(theirs))
        abort();
    if (theirs && text.n <= MAX && rc != ERR_TOO_LARGE && json_check(text, MAX, &e) != ERR_OK)
        abort();
    if (json_parse_foreign(text, MAX, &foreign, &e) == ERR_OK &&
        json_parse_answer(text, MAX, &answer, &e) != ERR_TOO_LARGE &&
        (!answer || !json_equal(t_of(foreign), t_of(answer))))
        abort();
    if (rc == ERR_OK && (!foreign || !json_equal(t_of(ours), t_of(foreign))))
        abort();
    json_decref(theirs);
}

/* What is only checked is what is read of somebody else's, whatever numbers are in it. */
static void foreign_text_is_as_it_is_checked(struct bytes text)
{
    AUTO(json) j = NULL;
    struct err e = {0};

    if (json_parse_foreign(text, MAX, &j, &e) != json_check(text, MAX, &e))
        abort();
    if (j)
        getters_are_total(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once AUTO_CALL(buf_done) = BUF(8 * MAX), twice AUTO_CALL(buf_done) = BUF(8 * MAX);
    AUTO(json) j = NULL;
    AUTO(json) again = NULL;
    struct err e = {0};

    quoting_gives_a_string((struct bytes){data, size});
    foreign_text_is_as_it_is_checked((struct bytes){data, size});
    if (size > 0 && !memchr(data, 0, size)) /* jansson overlooks a NUL after a number */
        jansson_agrees((struct bytes){data, size});
    if (json_parse((struct bytes){data, size}, MAX, &j, &e) != ERR_OK)
        return 0;
    getters_are_total(j);
    if (json_write(j, JSON_COMPACT, &once, &e) != ERR_OK ||
        json_parse(buf_bytes(&once), 8 * MAX, &again, &e) != ERR_OK ||
        json_write(again, JSON_COMPACT, &twice, &e) != ERR_OK ||
        !bytes_eq(buf_bytes(&once), buf_bytes(&twice)))
        abort();
    return 0;
}
