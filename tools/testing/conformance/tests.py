# SPDX-License-Identifier: GPL-2.0
"""The tests: what is built of upstream's, what is mended, and how each is run."""

from dataclasses import dataclass, field

# Programs of tools/testing/selftests/net
PROGRAMS = """
cmsg_sender io_uring_zerocopy_tx ip_defrag ip_local_port_range ipv6_flowlabel
ipv6_flowlabel_mgr msg_zerocopy nettest psock_snd reuseport_addr_any
reuseport_bpf reuseport_bpf_cpu reuseport_bpf_numa reuseport_dualstack
rxtimestamp sk_so_peek_off socket txtimestamp udpgso udpgso_bench_rx
udpgso_bench_tx
""".split()
BPF_PROGRAMS = ["nat6to4", "xdp_dummy"]

# What does not work in upstream's scripts, or only for sockets that are listed
# in /proc/net/udp: the file, what stands there, what is put there instead.
MENDS = [
    # fcnal-test.sh calls wait_local_port_listen and never takes it in
    ("lib.sh", "# Defines\n", "# Defines\n. ./net_helper.sh\n"),
    # an emulated machine takes longer than a second
    ("net_helper.sh", "seq 10", "seq 20"),
    ("udpgro.sh", "-C 1000 -R 100", "-C 10000 -R 2000"),
    ("udpgro.sh", "-C 2000 -R 100", "-C 20000 -R 2000"),
    ("udpgro_fwd.sh", "-C 2000 -R 100", "-C 10000 -R 2000"),
    # a veth device puts nothing together that comes from one with TSO; those of
    # UDP come together
    ("udpgro.sh", "\tip link set dev veth0 up\n",
     "\tethtool -K veth0 tso off\n\tip link set dev veth0 up\n"),
    ("net_helper.sh", '/proc/net/"${protocol}"*', '/proc/net/*"${protocol}"*'),
    # which may be built in
    ("txtimestamp.sh", "modprobe ifb\n", "modprobe -q ifb || true\n"),
    ("ip_defrag.sh", "modprobe -q nf_defrag_ipv6\n", "modprobe -q nf_defrag_ipv6 || true\n"),
    # ss knows nothing of other protocols
    ("udpgso_bench.sh", r'ss -lnHi | grep -c "\*:${TESTPORT}"',
     r'cat /proc/net/{tcp,*udp}* | grep -c ":$(printf %04X "$TESTPORT") 0"'),
    # else it computes all the time when nothing comes, and no clock goes slower
    ("cmsg_ipv6.sh", "while [ -d /proc/$BG ]; do\n", "while [ -d /proc/$BG ]; do sleep 0.3\n"),
] + [
    # these name a case only if it fails
    (f"cmsg_{name}.sh", "((TOTAL++))\n", '((TOTAL++)); echo "  Case ${*: -1} is next"\n')
    for name in ("so_mark", "time", "ipv6")]


@dataclass
class Test:
    """commands: by the name of the part, or one without. only: of the sub-tests
    count those with this regular expression in their names. tries: how often it
    may run to pass, because it measures time."""
    commands: dict
    only: str = ""
    timeout: int = 60
    tries: int = 1
    environment: dict = field(default_factory=dict)


def one(command, **more):
    return Test({"": command}, **more)


def parts(template, *words, **more):
    """A command for each of the words, which the template has as {}."""
    return Test({word: template.format(word) for word in words}, **more)


UDPGSO = {
    "ipv4 cmsg": "test_dev_mtu -- ./udpgso -4 -C",
    "ipv4 setsockopt": "test_dev_mtu -- ./udpgso -4 -C -s",
    "ipv6 cmsg": "test_dev_mtu -- ./udpgso -6 -C",
    "ipv6 setsockopt": "test_dev_mtu -- ./udpgso -6 -C -s",
    "ipv4 connected": "test_route_mtu -- ./udpgso -4 -c",
    "ipv6 connected": "test_route_mtu -- ./udpgso -6 -c",
    "ipv4 msg_more": "test_dev_mtu -- ./udpgso -4 -C -m",
    "ipv6 msg_more": "test_dev_mtu -- ./udpgso -6 -C -m",
} | {
    f"ipv{family} {kind.replace('_', ' ')}": f"test_{kind} -- ./udpgso -{family} -C -R"
    for family in (4, 6) for kind in ("hw_gso_hw_csum", "sw_gso_hw_csum", "sw_gso_sw_csum")}

BENCH = {
    f"ipv{family} {name}": f"-{family} -D {address} {words}"
    for family, address in ((4, "127.0.0.1"), (6, "::1"))
    for name, words in {
        "plain": "", "gso": "-S 0", "gso zerocopy": "-S 0 -z", "gso timestamp": "-S 0 -T",
        "gso zerocopy audit": "-S 0 -z -a", "gso timestamp audit": "-S 0 -T -a",
        "gso zerocopy timestamp audit": "-S 0 -T -z -a"}.items()}

TXTIMESTAMP = {
    f"ipv{family} {name}": f"-{family} -L {address} -u {words} "
    "-v 10000 -V 60000 -t 60000 -S 80000"
    for family, address in ((4, "127.0.0.1"), (6, "::1"))
    for name, words in {"setsockopt": "", "cmsg": "-C", "no data": "-n"}.items()}

FLOWLABEL = {
    "management": "./ipv6_flowlabel_mgr",
    "datapath": "sysctl -q -w net.ipv6.auto_flowlabels=0; ./ipv6_flowlabel -l 1",
    "auto": "sysctl -q -w net.ipv6.auto_flowlabels=1; ./ipv6_flowlabel -l 1",
    "flowinfo": "./ipv6_flowlabel -l 1 -s",
}


def prefixed(prefix, commands):
    return {name: prefix + words for name, words in commands.items()}


def python(module, only):
    return one(f"python3 /eudp/tools/testing/conformance/unittests {module} '{only}'",
               timeout=300)


# Left out: so_txtime.sh allows 4 ms, which an emulated machine does not keep;
# in fib_rule_tests.sh nettest -B may end before its child has told the result.
TESTS = {
    "socket": one("./socket"),
    "ip_local_port_range": one("./ip_local_port_range.sh", only="udp"),
    "sk_so_peek_off": one("./sk_so_peek_off", only="UDP"),
    "reuseport_addr_any": one("./reuseport_addr_any.sh"),
    "reuseport_bpf": one("./reuseport_bpf", only="UDP"),
    "reuseport_bpf_cpu": one("./reuseport_bpf_cpu", only="UDP"),
    "reuseport_bpf_numa": one("./reuseport_bpf_numa", only="UDP"),
    "reuseport_dualstack": one("./reuseport_dualstack", only="UDP"),
    "rxtimestamp": parts("./rxtimestamp --udp --{}", "ipv4", "ipv6"),
    "txtimestamp": Test(prefixed("./txtimestamp.sh -r ", TXTIMESTAMP), tries=2),
    "cmsg_so_mark": one("./cmsg_so_mark.sh", only="UDP", timeout=120),
    "cmsg_time": one("./cmsg_time.sh", only="UDP", timeout=120, tries=2,
                     environment={"KSFT_MACHINE_SLOW": "yes"}),
    "cmsg_ipv6": one("./cmsg_ipv6.sh", only="UDP", timeout=100),
    "ipv6_flowlabel": Test(FLOWLABEL),
    "ip_defrag": one("./ip_defrag.sh", timeout=120),
    "psock_snd": one("./psock_snd.sh", timeout=120),
    "udpgso": Test(prefixed("./udpgso.sh ", UDPGSO)),
    "udpgso_bench": Test(prefixed("./in_netns.sh ./udpgso_bench.sh __subprocess -l 1 ",
                                  BENCH)),
    "udpgro": one("./udpgro.sh", timeout=300),
    "udpgro_bench": Test({
        f"ipv{family} {name}": f"./udpgro_bench.sh -l 1 -{family} -D {address} {words}"
        for family, address in ((4, "192.168.1.1"), (6, "2001:db8::1"))
        for name, words in {"gso": "-S 0 rx", "gso and gro": "-S 0 rx -G"}.items()}),
    "udpgro_frglist": one("./udpgro_frglist.sh -l 1 -6 -D 2001:db8::1 -S 0 rx -4 -G"),
    "udpgro_fwd": one("./udpgro_fwd.sh", timeout=300),
    "msg_zerocopy": parts("./msg_zerocopy.sh {} -t 1", "4 udp", "6 udp"),
    "io_uring_zerocopy_tx": parts("./io_uring_zerocopy_tx.sh {} -t 1 -n 32",
                                  *[f"{family} udp -m {mode}" for family in (4, 6)
                                    for mode in (1, 2, 3)]),
    "fcnal": parts("./fcnal-test.sh -t {}", "ipv4_udp", "ipv6_udp", timeout=600),
    "vrf_route_leaking": parts("./vrf_route_leaking.sh -t {}", "ipv4_udp_local",
                               "ipv6_udp_local", timeout=120),
    "pmtu": one("./pmtu.sh pmtu_ipv4_dscp_udp_exception", timeout=120),
    "python_socket": python("test.test_socket", r"UDP(?!LITE)"),
    "python_asyncio_lowlevel": python("test.test_asyncio.test_sock_lowlevel",
                                      "recvfrom|sendto|atagram|udp"),
    "python_asyncio": python("test.test_asyncio.test_events", "atagram"),
    "python_asyncio_base": python("test.test_asyncio.test_base_events", "atagram"),
    "python_socketserver": python("test.test_socketserver", "UDP"),
    "python_logging": python("test.test_logging",
                             r"\.(DatagramHandlerTest|SysLogHandlerTest|IPv6SysLogHandlerTest)\."),
    "python_timeout": python("test.test_timeout", "UDP"),
}
