/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readers.h - the fields that no row of a table can describe. Private to src/spec.
 */
#pragma once

#include "spec/walk.h"

#define MAJOR_MAX 4095u    /* dev_t of Linux: 12 bits */
#define MINOR_MAX 1048575u /* 20 bits */

typedef int field_reader(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base);
typedef int object_reader(
	struct load *l, const struct where *at, const struct json *value, void *base);

field_reader read_capabilities; /* struct spec_capabilities */
field_reader read_timeout;      /* struct spec_hook */
field_reader read_rule_type;    /* struct spec_device_rule */
field_reader read_rule_access;  /* struct spec_device_rule */
field_reader read_rdma;         /* struct spec_resources */
field_reader read_namespaces;   /* struct spec_linux */
field_reader read_device_type;  /* struct spec_device */
field_reader read_net_devices;  /* struct spec_linux */
field_reader read_personality;  /* struct spec_linux */

object_reader after_user;          /* struct spec_user */
object_reader after_io_priority;   /* struct spec_io_priority */
object_reader after_device_rule;   /* struct spec_device_rule */
object_reader after_weight_device; /* struct spec_block_device */
object_reader after_device;        /* struct spec_device */
object_reader after_seccomp_rule;  /* struct spec_seccomp_rule */
object_reader after_seccomp;       /* struct spec_seccomp */

/* Their values are tables of fields.c. */
field_reader read_replaced_monitoring;
extern const struct object fields_rdma, fields_net_device;
/* The whole config, for a test that looks at every field. */
extern const struct object fields_spec;
