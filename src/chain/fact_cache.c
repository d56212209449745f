/* fact_cache - see fact_cache.h. */
#include "chain/fact_cache.h"

void fact_cache_done(struct fact_cache *c)
{
    facts_free(c->now.facts);
    facts_free(c->before.facts);
    *c = (struct fact_cache){0};
}

static struct fact_generation *generation_at(struct fact_cache *c, const struct hash32 *block)
{
    return hash32_eq(&c->now.block, block)      ? &c->now
           : hash32_eq(&c->before.block, block) ? &c->before
                                                : NULL;
}

bool fact_cache_get(struct fact_cache *c, const struct hash32 *block, const struct fact_key *key,
                    struct hash32 *ret)
{
    struct fact_generation *g = generation_at(c, block);

    return g && g->facts && facts_get(g->facts, key, ret);
}

void fact_cache_put(struct fact_cache *c, const struct hash32 *block, const struct fact_key *key,
                    const struct hash32 *value)
{
    struct fact_generation *g = generation_at(c, block);
    struct hash32 ignored;
    struct err no_memory;

    if (!g || (!g->facts && facts_new(&g->facts, &no_memory) != ERR_OK))
        return;
    facts_put(g->facts, key, value);
    facts_get(g->facts, key, &ignored); /* marks it as asked for */
}

size_t fact_cache_wanted(const struct fact_cache *c, struct fact_key *ret, size_t max)
{
    return c->now.facts ? facts_wanted(c->now.facts, ret, max) : 0;
}

size_t fact_cache_all(const struct fact_cache *c, struct fact_key *ret, struct hash32 *ret_values,
                      size_t max)
{
    return c->now.facts ? facts_all(c->now.facts, ret, ret_values, max) : 0;
}

void fact_cache_advance(struct fact_cache *c, const struct hash32 *block, facts *next)
{
    if (next && c->now.facts)
        facts_age(next, c->now.facts);
    facts_free(c->before.facts);
    c->before = c->now;
    c->now = (struct fact_generation){*block, next};
}
