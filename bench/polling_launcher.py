"""What launcher figures stand beside: one that sleeps, polls and spawns the way the launchers of public images do.

They look at the table and at their processes once a second, print the table whenever they have it in hand, give each
process a tee, and wait 1, 2, 4 and 8 s for processes to end. Only what costs time is here.
"""
import json
import os
import signal
import subprocess
import sys
import time


def say(text):
    print('[baseline] %s' % text, file=sys.stderr, flush=True)


def await_table(path):
    while True:
        with open(path) as file:
            table = json.load(file)
        if table['status'] == 'completed':
            say(json.dumps(table, indent=4))
            return table
        time.sleep(1)


def convert(table):
    """v0.1 to v1.0: pods by the number at the end of their name, ranks counted through them."""
    groups = table['group_list']
    groups[0]['instance_list'].sort(key=lambda pod: int(pod['pod_name'].split('-')[-1]))
    servers, rank = {}, 0
    for group in groups:
        if int(group['device_count']) == 0:
            continue
        for pod in group['instance_list']:
            devices = servers.setdefault(pod['server_id'], [])
            for device in pod['devices']:
                devices.append(
                    {'device_id': device['device_id'], 'device_ip': device['device_ip'], 'rank_id': str(rank)}
                )
                rank += 1
    listed = [{'server_id': name, 'device': devices} for name, devices in servers.items()]
    whole = {'status': 'completed', 'version': '1.0', 'server_count': str(len(listed)), 'server_list': listed}
    return whole, servers, rank


def start(command, index, device, rank_size, table_file):
    env = dict(os.environ, RANK_ID=device['rank_id'], RANK_SIZE=str(rank_size), DEVICE_ID=str(index))
    env.update(ASCEND_DEVICE_ID=str(index), RANK_TABLE_FILE=table_file)
    folder = os.path.join(os.environ['MA_MOUNT_PATH'], 'workspace', 'device%d' % index)
    os.makedirs(folder, exist_ok=True)
    process = subprocess.Popen(
        command, cwd=folder, env=env, preexec_fn=os.setsid, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    log = os.path.join(os.environ['BATCH_TASK_LOG_PATH'], 'proc-rank-%s.txt' % device['rank_id'])
    subprocess.Popen(['tee', log], stdin=process.stdout)
    return process


def watch(processes):
    while True:
        ended = 0
        for process in processes:
            code = process.poll()
            if code:
                return code
            ended += code == 0
        time.sleep(1)
        if ended == len(processes):
            return 0


def destroy(processes):
    for process in processes:
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    for pause in (1, 2, 4, 8):
        processes = [process for process in processes if process.poll() is None]
        if not processes:
            return
        time.sleep(pause)
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)


def main():
    table = await_table(os.path.join(os.environ['RANK_TABLE_FILE'], 'jobstart_hccl.json'))
    whole, servers, rank_size = convert(table)
    say(json.dumps(whole, indent=4))
    table_file = os.path.join(os.environ['MA_HOME'], 'jobstart_hccl.json')
    with open(table_file, 'w') as file:
        json.dump(whole, file)
    name = os.environ['MA_CURRENT_INSTANCE_NAME']
    pods = [pod for group in table['group_list'] for pod in group['instance_list'] if pod['pod_name'] == name]
    say(json.dumps(pods[0], indent=4))
    devices = servers[pods[0]['server_id']]
    processes = [start(sys.argv[1:], i, device, rank_size, table_file) for i, device in enumerate(devices)]
    code = watch(processes)
    destroy(processes)
    sys.exit(code)


if __name__ == '__main__':
    main()
