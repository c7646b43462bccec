/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <apr_network_io.h>
#include "core/peers.h"

static apr_sockaddr_t *address_of(apr_pool_t *p, const char *ip)
{
    apr_sockaddr_t *address;

    assert_int_equal(apr_sockaddr_info_get(&address, ip, APR_UNSPEC, 80, 0, p), APR_SUCCESS);
    return address;
}

static int has(apr_pool_t *p, const char *listed, const char *ip)
{
    ms_peers *peers = ms_peers_make(p);

    assert_true(ms_peers_add(peers, listed));
    return ms_peers_has(peers, address_of(p, ip));
}

static void test_an_address_is_itself(void **state)
{
    assert_true(has(*state, "192.0.2.7", "192.0.2.7"));
    assert_false(has(*state, "192.0.2.7", "192.0.2.70"));
    assert_true(has(*state, "::1", "0:0:0:0:0:0:0:1"));
    assert_false(has(*state, "::1", "127.0.0.1"));
    assert_true(has(*state, "192.0.2.7", "::ffff:192.0.2.7"));
}

static void test_a_network_has_its_addresses(void **state)
{
    assert_true(has(*state, "192.0.2.0/24", "192.0.2.255"));
    assert_false(has(*state, "192.0.2.0/24", "192.0.3.0"));
    assert_true(has(*state, "192.0.2.128/25", "192.0.2.130"));
    assert_false(has(*state, "192.0.2.128/25", "192.0.2.127"));
    assert_true(has(*state, "2001:db8::/32", "2001:db8:1::5"));
    assert_false(has(*state, "2001:db8::/32", "2001:db9::1"));
}

static void test_a_socket_of_the_file_system(void **state)
{
    ms_peers *peers = ms_peers_make(*state);
    apr_sockaddr_t unix_socket = {.family = APR_UNIX};

    assert_true(ms_peers_add(peers, "128.0.0.0/1"));
    assert_false(ms_peers_has(peers, &unix_socket));
    assert_true(ms_peers_add(peers, "unix"));
    assert_true(ms_peers_has(peers, &unix_socket));
    assert_false(has(*state, "unix", "127.0.0.1"));
}

static void test_an_empty_list_has_no_address(void **state)
{
    assert_false(ms_peers_has(NULL, address_of(*state, "127.0.0.1")));
    assert_false(ms_peers_has(ms_peers_make(*state), address_of(*state, "127.0.0.1")));
}

static void test_other_texts_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "localhost",
                                        "example.org",
                                        "192.0.2",
                                        "192.0.2.7:80",
                                        "[::1]",
                                        "192.0.2.0/",
                                        "192.0.2.0/33",
                                        "192.0.2.0/-1",
                                        "192.0.2.0/2a",
                                        "192.0.2.0/255.255.255.0",
                                        "192.0.2.0/24/8",
                                        "2001:db8::/129",
                                        "/24",
                                        "0.0.0.0/0",
                                        "::/0",
                                        "*",
                                        "all",
                                        "fe80::1%eth0"};
    ms_peers *peers = ms_peers_make(*state);

    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (ms_peers_add(peers, texts[i])) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_address_is_itself),        TEST(test_a_network_has_its_addresses),
        TEST(test_a_socket_of_the_file_system), TEST(test_an_empty_list_has_no_address),
        TEST(test_other_texts_are_refused),
    };

    return RUN(tests);
}
