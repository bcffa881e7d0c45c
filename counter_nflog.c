/*
 * Copyright (c) 2026 The bpfstatsd developers
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * Counting on Linux, where there is no pflog(4): packets that a firewall rule
 * logs to a group of nfnetlink_log, as the pseudo-interface nflog:GROUP.
 *
 * The kernel numbers them and sends a message with the number of each, but no
 * packet.  Only a few messages fit in the smallest receive buffer; from then
 * on the kernel counts what it drops, as it does for packet sockets.  So the
 * number after the last message, and what was dropped since, is the count.
 * In batches, a dropped one would not tell how many packets were in it.
 */

#include <sys/socket.h>
#include <sys/syscall.h>

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "counter_linux.h"

#define PREFIX		"nflog:"
#define NO_FAMILY	255
#define MAX_MESSAGES	64		/* read in one go */
#define MESSAGE_SIZE	4096		/* more than one has without packet */

/* A configuration request, in the making. */
struct request {
	struct nlmsghdr		 header;
	struct nfgenmsg		 family;
	char			 attributes[128];
};

static int	nflog_attach(struct counter *);
static int	bind_group(int, int);
static int	nflog_attached(const struct counter *);
static void	nflog_sample(struct counter *, int64_t);
static int	nflog_drain(struct counter *);
static int	nflog_limit(struct counter *);
static int	permitted(int);
static void	begin(struct request *, int, int);
static void	add(struct request *, int, const void *, size_t);
static int	ask(int, struct request *);
static void	store(struct count *, uint32_t, uint32_t, uint32_t, int64_t);
static uint32_t	dropped(int, uint32_t);
static int	receive(int, int, uint32_t *);
static int	find_number(const char *, size_t, uint32_t *);
static int	number_of(const struct nlmsghdr *, uint32_t *);

const struct kind	 kind_nflog = {
	.name = "nflog",
	.attach = nflog_attach,
	.attached = nflog_attached,
	.sample = nflog_sample,
	.drain = nflog_drain,
	.limit = nflog_limit
};

/* Does a name mean a group, rightly written or not? */
int
nflog_means(const char *ifname)
{
	return strncasecmp(ifname, PREFIX, strlen(PREFIX) - 1) == 0 &&
	    (ifname[strlen(PREFIX) - 1] == ':' ||
	    ifname[strlen(PREFIX) - 1] == '\0');
}

/* Drop leading zeros from the group; see counter_name(). */
const char *
nflog_name(char *ifname)
{
	char	*digits = ifname + strlen(PREFIX);
	int	 group = nflog_group(ifname);

	if (group == -1 || digits[strspn(digits, "0123456789")] != '\0')
		return "must be nflog:GROUP with a group from 0 to 65535";
	snprintf(digits, strlen(digits) + 1, "%d", group);
	return NULL;
}

/* The group that an interface's name means, or -1 if it means none. */
int
nflog_group(const char *ifname)
{
	const char	*error;
	long long	 group;

	if (strncmp(ifname, PREFIX, strlen(PREFIX)) != 0)
		return -1;
	group = strtonum(ifname + strlen(PREFIX), 0, UINT16_MAX, &error);
	return error == NULL ? (int)group : -1;
}

static int
nflog_attach(struct counter *counter)
{
	if ((counter->tap.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, NETLINK_NETFILTER)) == -1)
		return -1;
	return bind_group(counter->tap.fd, nflog_group(counter->ifname));
}

/* A group is always there. */
static int
nflog_attached(const struct counter *counter)
{
	return 1;
}

/* Sampling reads it all. */
static int
nflog_drain(struct counter *counter)
{
	return 0;
}

static int
nflog_limit(struct counter *counter)
{
	pledge_receive(counter->tap.fd);
	return 0;
}

/*
 * Bind the socket to the group: numbers, no packets.  EBUSY: another program
 * has the group.
 */
static int
bind_group(int fd, int group)
{
	struct nfulnl_msg_config_cmd	 bind = {
		.command = NFULNL_CFG_CMD_BIND
	};
	struct nfulnl_msg_config_mode	 mode = {
		.copy_range = htonl(0),
		.copy_mode = NFULNL_COPY_NONE
	};
	struct request			 request;
	uint32_t			 packets = htonl(1);
	uint16_t			 flags = htons(NFULNL_CFG_F_SEQ);
	int				 one = 1;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one,
	    sizeof(one)) == -1)
		return -1;
	begin(&request, AF_UNSPEC, group);
	add(&request, NFULA_CFG_CMD, &bind, sizeof(bind));
	add(&request, NFULA_CFG_MODE, &mode, sizeof(mode));
	add(&request, NFULA_CFG_FLAGS, &flags, sizeof(flags));
	add(&request, NFULA_CFG_QTHRESH, &packets, sizeof(packets));
	if (ask(fd, &request) == 0)		/* not before: it may be full */
		return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one));
	/* EPERM is also what the kernel says of another program's group */
	if (errno == EPERM)
		errno = permitted(fd) ? EBUSY : EPERM;
	return -1;
}

/*
 * May this process have groups at all?  To take a family that does not exist
 * from all loggers changes nothing, and is permitted to those who may.
 */
static int
permitted(int fd)
{
	struct nfulnl_msg_config_cmd	 unbind = {
		.command = NFULNL_CFG_CMD_PF_UNBIND
	};
	struct request			 request;

	begin(&request, NO_FAMILY, 0);
	add(&request, NFULA_CFG_CMD, &unbind, sizeof(unbind));
	return ask(fd, &request) == 0;
}

static void
begin(struct request *request, int family, int group)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = NLMSG_LENGTH(sizeof(request->family));
	request->header.nlmsg_type = NFNL_SUBSYS_ULOG << 8 |
	    NFULNL_MSG_CONFIG;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request->family.nfgen_family = family;
	request->family.version = NFNETLINK_V0;
	request->family.res_id = htons(group);
}

/* Append an attribute; the request has room for those above. */
static void
add(struct request *request, int type, const void *value, size_t len)
{
	struct nlattr	*attribute;

	attribute = (struct nlattr *)((char *)request +
	    NLMSG_ALIGN(request->header.nlmsg_len));
	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + len;
	memcpy((char *)attribute + NLA_HDRLEN, value, len);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) +
	    NLA_ALIGN(attribute->nla_len);
}

/* Send a request; the kernel has answered when send(2) returns. */
static int
ask(int fd, struct request *request)
{
	union {
		struct nlmsghdr	 header;
		char		 bytes[512];
	}		 answer;
	struct nlmsgerr	*error;
	ssize_t		 n;

	if (send(fd, request, request->header.nlmsg_len, 0) == -1)
		return -1;
	/* the group's first packets may come before the answer */
	while ((n = recv(fd, &answer, sizeof(answer), 0)) != -1) {
		if (!NLMSG_OK(&answer.header, (size_t)n) ||
		    answer.header.nlmsg_type != NLMSG_ERROR)
			continue;
		error = NLMSG_DATA(&answer.header);
		errno = -error->error;
		return error->error == 0 ? 0 : -1;
	}
	return -1;
}

/*
 * Count what came.  The slot's number is that of the next message, below what
 * was dropped before it; kernel[0] is the count.  A message is removed when
 * that has been stored: the next engine finds it again after a kill.
 */
static void
nflog_sample(struct counter *counter, int64_t time)
{
	struct count	*count = counter->count;
	struct slot	*slot = &count->slot[count->turn % 2];
	uint32_t	 next = slot->number, lost = slot->number >> 32;
	uint32_t	 number;
	int32_t		 since;
	int		 fd = counter->tap.fd, i;

	for (i = 0; i < MAX_MESSAGES; i++) {
		if (receive(fd, MSG_PEEK, &number) == -1)
			break;
		if ((int32_t)(number - next) >= 0) {
			lost += number - next;
			next = number + 1;
			store(count, next, lost, next,
			    count->slot[count->turn % 2].looked);
		}
		receive(fd, 0, &number);
	}
	since = dropped(fd, lost) - lost;
	store(count, next, lost, since > 0 ? next + since : next, time);
}

/* The count never goes back. */
static void
store(struct count *count, uint32_t next, uint32_t lost, uint32_t n,
    int64_t looked)
{
	struct slot	*slot = &count->slot[count->turn % 2];
	uint32_t	 last = slot->kernel[0];

	if ((int32_t)(n - last) < 0)
		n = last;
	count->slot[(count->turn + 1) % 2].kernel[0] = n;
	count_store(count, slot->total + (n - last),
	    (uint64_t)lost << 32 | next, looked);
}

/*
 * The messages that were dropped for lack of room, which is as many packets.
 * Before Linux 4.12 nobody can tell: then it is as many as are known.
 */
static uint32_t
dropped(int fd, uint32_t known)
{
	uint32_t	 info[SK_MEMINFO_VARS];
	socklen_t	 len = sizeof(info);

	/* see packet_sample() */
	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_MEMINFO, info, &len) ==
	    -1 || len < (SK_MEMINFO_DROPS + 1) * sizeof(*info))
		return known;
	return info[SK_MEMINFO_DROPS];
}

/*
 * Receive a message with the number of a packet; others are read and
 * forgotten.  Returns 0, or -1 if there is none.
 */
static int
receive(int fd, int flags, uint32_t *number)
{
	union {
		struct nlmsghdr	 header;
		char		 bytes[MESSAGE_SIZE];
	}		 message;
	ssize_t		 n;

	while ((n = recv(fd, &message, sizeof(message), flags)) > 0)
		if (find_number(message.bytes, n, number) == 0)
			return 0;
		else if (flags & MSG_PEEK)
			recv(fd, &message, 1, 0);
	return -1;
}

/* The last number in a message.  Returns 0, or -1 if there is none. */
static int
find_number(const char *message, size_t len, uint32_t *number)
{
	const struct nlmsghdr	*header = (const struct nlmsghdr *)message;
	int			 result = -1;

	while (len >= sizeof(*header) &&
	    header->nlmsg_len >= sizeof(*header) &&
	    header->nlmsg_len <= len) {
		if (header->nlmsg_type ==
		    (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) &&
		    number_of(header, number) == 0)
			result = 0;
		if (NLMSG_ALIGN(header->nlmsg_len) >= len)
			break;
		len -= NLMSG_ALIGN(header->nlmsg_len);
		message += NLMSG_ALIGN(header->nlmsg_len);
		header = (const struct nlmsghdr *)message;
	}
	return result;
}

static int
number_of(const struct nlmsghdr *header, uint32_t *number)
{
	const struct nlattr	*attribute;
	const char		*p = (const char *)header;
	size_t			 at = NLMSG_LENGTH(sizeof(struct nfgenmsg));

	for (; at + NLA_HDRLEN <= header->nlmsg_len;
	    at += NLA_ALIGN(attribute->nla_len)) {
		attribute = (const struct nlattr *)(p + at);
		if (attribute->nla_len < NLA_HDRLEN)
			break;
		if ((attribute->nla_type & NLA_TYPE_MASK) != NFULA_SEQ ||
		    attribute->nla_len < NLA_HDRLEN + sizeof(*number) ||
		    at + attribute->nla_len > header->nlmsg_len)
			continue;
		memcpy(number, p + at + NLA_HDRLEN, sizeof(*number));
		*number = ntohl(*number);
		return 0;
	}
	return -1;
}
