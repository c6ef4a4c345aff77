// The configuration of a Ceph that lives for one test run: one monitor, one storage daemon that keeps
// everything in memory, one gateway; loopback only, no replication, no keys between the daemons.

/**
 * @param {{ directory: string, cluster: string, monitorPort: number, gatewayPort: number }} of
 */
export function cephConf({ directory, cluster, monitorPort, gatewayPort }) {
  return `[global]
fsid = ${cluster}
mon_host = v2:127.0.0.1:${monitorPort}/0
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# left to itself radosgw demands an encrypted connection to the monitor, which needs keys, and hangs without a word
ms_mon_client_mode = crc
run_dir = ${directory}/run
admin_socket = ${directory}/run/$cluster-$name.asok
crash_dir = ${directory}/run
log_file = ${directory}/log/$name.log
pid_file =
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_osd_min_up_ratio = 0
# a full disk of the machine is no concern of a cluster in memory
mon_data_avail_crit = 0
mon_data_avail_warn = 0
# by default each new pool waits for the next round of map changes: 16 s of start-up instead of 2
paxos_propose_interval = 0.05
paxos_min_wait = 0.01

[mon]
mon_data = ${directory}/mon

[osd]
osd_data = ${directory}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_op_num_shards = 2

[client.rgw]
# without tcp_nodelay every GET and LIST stalls for 40 ms
rgw_frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw_thread_pool_size = 128
rgw_rados_pool_pg_num_min = 8
rgw_enable_usage_log = false
rgw_enable_ops_log = false
rgw_enable_quota_threads = false
rgw_dns_name =
`;
}
