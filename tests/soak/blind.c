/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into the module in place of the look-up cache's invalidation (make build/blind): ended
 * sessions stay in the cache. A soak that does not notice is worth nothing.
 */
void __wrap_ms_shm_cache_invalidate_id(void *cache, const char *id);
void __wrap_ms_shm_cache_invalidate_user(void *cache, const char *user);
void __wrap_ms_shm_cache_invalidate_all(void *cache);

void __wrap_ms_shm_cache_invalidate_id(void *cache, const char *id)
{
    (void)cache;
    (void)id;
}

void __wrap_ms_shm_cache_invalidate_user(void *cache, const char *user)
{
    (void)cache;
    (void)user;
}

void __wrap_ms_shm_cache_invalidate_all(void *cache)
{
    (void)cache;
}
