/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that src/core/device.c reads User-Agents by. docs/device-names.md says how to add a
 * row. Each table ends with a row whose token is NULL. Tokens compare with case unless a table says
 * otherwise.
 */
#ifndef MS_DEVICE_TABLES_H
#define MS_DEVICE_TABLES_H

#include "core/device.h"

/* A token that may stand anywhere in the text; the first row that is found decides. */
typedef struct ms_device_rule {
    const char *token;
    const char *name;    /* NULL: the browser is unknown, and no later row is read */
    const char *version; /* the version follows this text; NULL: it follows the token */
    ms_device_kind kind; /* MS_DEVICE_UNKNOWN: the system decides */
} ms_device_rule;

/* A product that people know by another name, or whose kind must be listed. */
typedef struct ms_device_product {
    const char *token; /* the whole name of the product, in any case */
    const char *name;
    ms_device_kind kind;
} ms_device_product;

/* A system, or a mark of a kind of device. */
typedef struct ms_device_system {
    const char *token; /* begins a word */
    const char *name;
    ms_device_kind kind; /* of devices that run it, unless it is open */
    int open;            /* all kinds of devices run it: the marks are read first */
    int safari;          /* Safari runs on it; elsewhere "Safari" comes from other browsers */
} ms_device_system;

typedef struct ms_device_mark {
    const char *token; /* begins a word */
    ms_device_kind kind;
    int whole; /* and ends one: no letter or digit follows */
} ms_device_mark;

extern const ms_device_rule ms_device_tables_bots[];        /* named bots */
extern const char *const ms_device_tables_bot_marks[];      /* other marks of a bot */
extern const ms_device_product ms_device_tables_programs[]; /* the first word of the text only */
extern const ms_device_rule ms_device_tables_apps[];        /* win against every product */
extern const ms_device_product ms_device_tables_products[];
extern const char *const ms_device_tables_engines[];  /* products that name nothing, in any case */
extern const char *const ms_device_tables_generic[];  /* names of no one product, in any case */
extern const ms_device_rule ms_device_tables_plain[]; /* the browsers that others are built on */
extern const ms_device_system ms_device_tables_systems[];
extern const ms_device_mark ms_device_tables_marks[];

/* A brand of Sec-CH-UA. The one of the highest rank names the browser; one that is in no row is
 * MS_BRAND_NAMED. */
typedef enum {
    MS_BRAND_ENGINE, /* names nothing */
    MS_BRAND_PLAIN,  /* others are built on it: a name in the User-Agent is more exact */
    MS_BRAND_NAMED,
    MS_BRAND_CONTAINER /* of an app: a name in the User-Agent is more exact */
} ms_device_rank;

typedef struct ms_device_brand {
    const char *token; /* the whole brand, with case */
    const char *name;
    ms_device_rank rank;
} ms_device_brand;

extern const ms_device_brand ms_device_tables_brands[];

/* Sec-CH-UA-Platform, and the name of the system in ms_device_tables_systems. */
extern const ms_device_product ms_device_tables_platforms[];

#endif
