/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps.c - capability sets by capget(2), capset(2) and prctl(2).
 *
 * It never adds to the inheritable set what the config did not name: a filled one lets any program
 * with inheritable file capabilities regain them (CVE-2022-29162).
 */
#include "linux/caps.h"

#include "base/fd.h"
#include "base/str.h"
#include "spec/names.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct cap_sets {
	uint64_t effective, permitted, inheritable;
};

static int sets_get(struct cap_sets *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int sets_put(const struct cap_sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(sets->effective >> 32 * i);
		data[i].permitted = (uint32_t)(sets->permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(sets->inheritable >> 32 * i);
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

unsigned caps_last(void)
{
	unsigned low = 0, high = 63;

	/* Needs no procfs: PR_CAPBSET_READ is EINVAL above the last. Capability 0 always exists. */
	while (low < high) {
		unsigned middle = (low + high + 1) / 2;

		if (prctl(PR_CAPBSET_READ, (unsigned long)middle, 0, 0, 0) >= 0)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

bool caps_have(unsigned cap)
{
	struct cap_sets own;

	return cap < 64 && sets_get(&own) == 0 && (own.effective >> cap & 1);
}

int caps_bound(uint64_t keep, struct err *e)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		if ((keep >> cap & 1) || prctl(PR_CAPBSET_DROP, (unsigned long)cap, 0, 0, 0) == 0)
			continue;
		const int num = errno;
		const int bound = prctl(PR_CAPBSET_READ, (unsigned long)cap, 0, 0, 0);
		if (bound < 0)
			break; /* past the last that this kernel knows */
		if (bound == 0)
			continue; /* dropped by somebody before us */
		const char *name = names_of(names_capabilities, cap);
		return err_set(e, num,
			"/process/capabilities/bounding: dropping %s, which needs CAP_SETPCAP",
			name ? name : "a capability without a name");
	}
	return 0;
}

int caps_keep(struct err *e)
{
	if (prctl(PR_SET_KEEPCAPS, 1UL, 0, 0, 0) < 0)
		return err_set(e, errno, "keeping capabilities over the change of user");
	return 0;
}

int caps_regain(struct err *e)
{
	struct cap_sets own;
	int r;

	if (prctl(PR_SET_KEEPCAPS, 0UL, 0, 0, 0) < 0)
		return err_set(e, errno, "ending the keeping of capabilities");
	r = sets_get(&own);
	if (r < 0)
		return err_set(e, -r, "reading the runtime's own capabilities");
	own.effective = own.permitted;
	r = sets_put(&own);
	if (r < 0)
		return err_set(e, -r, "raising the runtime's own capabilities again");
	return 0;
}

static const char *set_text(struct strbuf *b, uint64_t set)
{
	names_add_set(b, names_capabilities, set);
	return b->failed ? "a capability" : b->text;
}

/* capset(2) has one EPERM for all of its rules: find the rule, so that it can be said. */
static int why_refused(
	int num, const struct cap_sets *own, const struct cap_sets *want, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf names = { 0 };
	uint64_t bounding = 0, wrong;

	for (unsigned cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, (unsigned long)cap, 0, 0, 0) == 1)
			bounding |= UINT64_C(1) << cap;

	wrong = want->permitted & ~own->permitted;
	if (wrong)
		return err_set(e, num,
			"/process/capabilities/permitted: the runtime itself does not have %s",
			set_text(&names, wrong));
	wrong = want->effective & ~want->permitted;
	if (wrong)
		return err_set(e, num, "/process/capabilities/effective: %s not in permitted",
			set_text(&names, wrong));
	wrong = want->inheritable & ~(own->inheritable | bounding);
	if (wrong)
		return err_set(e, num, "/process/capabilities/inheritable: %s not in bounding",
			set_text(&names, wrong));
	wrong = want->inheritable & ~(own->inheritable | own->permitted);
	if (wrong)
		return err_set(e, num,
			"/process/capabilities/inheritable: the runtime itself does not have %s",
			set_text(&names, wrong));
	return err_set(e, num, "/process/capabilities: setting the capability sets");
}

int caps_limit(struct spec_capabilities *caps, struct strbuf *ret_lacking, struct err *e)
{
	struct cap_sets own;
	const int r = sets_get(&own);

	if (r < 0)
		return err_set(e, -r, "reading the runtime's own capabilities");
	const uint64_t asked =
		caps->permitted | caps->effective | caps->inheritable | caps->ambient;
	names_add_set(ret_lacking, names_capabilities, asked & ~own.permitted);
	caps->permitted &= own.permitted;
	caps->effective &= own.permitted;
	caps->inheritable &= own.permitted;
	caps->ambient &= own.permitted;
	return ret_lacking->failed ? err_nomem(e) : 0;
}

int caps_set(const struct spec_capabilities *caps, struct err *e)
{
	const uint64_t known = UINT64_MAX >> (63 - caps_last());
	const struct cap_sets want = {
		.effective = caps->effective & known,
		.permitted = caps->permitted & known,
		.inheritable = caps->inheritable & known,
	};
	/*
	 * No capability can be ambient that is not both permitted and inheritable
	 * (capabilities(7)). Configs that name such ones are common, and the peers pass over them.
	 */
	const uint64_t ambient = caps->ambient & want.permitted & want.inheritable;
	struct cap_sets own;
	int r;

	r = sets_get(&own);
	if (r < 0)
		return err_set(e, -r, "reading the runtime's own capabilities");
	r = sets_put(&want);
	if (r < 0)
		return why_refused(-r, &own, &want, e);

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_set(e, errno, "/process/capabilities/ambient: clearing the set");
	for (unsigned cap = 0; cap < 64; cap++) {
		if (!(ambient >> cap & 1))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (unsigned long)cap, 0, 0) < 0)
			return err_set(e, errno, "/process/capabilities/ambient: raising %s",
				names_of(names_capabilities, cap));
	}
	return 0;
}
