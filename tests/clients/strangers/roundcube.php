<?php
// The errand of tests/clients/test_strangers.py in the words of Roundcube.
error_reporting(E_ALL & ~E_DEPRECATED);
define('RCUBE_LIB_DIR', '/usr/share/roundcube/program/lib/Roundcube/');
require_once RCUBE_LIB_DIR . 'bootstrap.php';

$given = json_decode($argv[1], true);
$made = trim($given['spelled'], '"');
$said = [];
$client = new rcube_imap_generic();
if (getenv('DEBUG')) {
    $client->setDebug(true, fn ($_, $line) => fwrite(STDERR, $line . "\n"));
}
function done($what, $done)
{
    global $client;
    if ($done === false || $done === null || $client->errornum < 0) {
        fwrite(STDERR, "$what: $client->error\n");
        exit(1);
    }
    return $done;
}

done('connect', $client->connect($given['host'], $given['user'], $given['password'], [
    'port' => $given['port'], 'ssl_mode' => 'ssl', 'timeout' => 30, 'auth_type' => 'PLAIN',
    'socket_options' => ['ssl' => ['cafile' => $given['certificate'], 'verify_peer' => true]],
    'ident' => ['name' => 'stranger'],
]));
$said['namespace'] = done('namespace', $client->getNamespace())['personal'][0][1];
$listed = done('list', $client->listMailboxes('', '*', ['SUBSCRIBED'], []));
$said['mailboxes'] = isset($listed[0]) ? $listed : array_keys($listed);
done('create', $client->createFolder($made));
done('subscribe', $client->subscribe($made));
done('delete', $client->deleteFolder('Old'));
$said['appended'] = (int) done('append', $client->append($made, $given['letter'], ['SEEN']));
$said['status'] = (int) done('status', $client->status($made, ['UIDNEXT', 'UIDVALIDITY', 'UNSEEN']))['MESSAGES'];

done('select', $client->select('INBOX'));
$headers = done('headers', $client->fetchHeaders('INBOX', '1:*', true, true));
uasort($headers, fn ($one, $other) => $one->uid <=> $other->uid);
$said['subjects'] = array_values(array_map(fn ($one) => $one->subject, $headers));
$said['structures'] = array_values(array_map(fn ($one) => $one->bodystructure[0], $headers));
$said['digests'] = array_values(array_map(
    fn ($one) => hash('sha256', $client->handlePartBody('INBOX', $one->uid, true, '')), $headers
));
$said['found'] = array_map('intval', done('search', $client->search('INBOX', 'BODY "rare needle"', true))->get());
if ($client->getCapability('SORT')) {
    $said['sorted'] = array_map('intval', done('sort', $client->sort('INBOX', 'ARRIVAL', '', true))->get());
}
if ($client->getCapability('THREAD')) {
    $said['threads'] = done('thread', $client->thread('INBOX', 'REFERENCES', '', true))->count();
}
if ($client->getCapability('QUOTA')) {
    $said['quota'] = done('quota', $client->getQuota('INBOX'));
}
if ($client->getCapability('ACL')) {
    $said['rights'] = done('myrights', $client->myRights('INBOX'));
    $said['acl'] = done('getacl', $client->getACL('INBOX'));
}
if ($client->getCapability('METADATA')) {
    done('setmetadata', $client->setMetadata('INBOX', ['/private/comment' => 'mine']));
    $said['metadata'] = done('getmetadata', $client->getMetadata('INBOX', ['/private/comment']));
}
done('flag', $client->flag('INBOX', '1', 'FLAGGED'));
done('flag', $client->flag('INBOX', '1', 'SEEN'));
$client->flags['$WORK'] = '$Work';
done('keyword', $client->flag('INBOX', '2', '$Work'));
done('copy', $client->copy('2', 'INBOX', 'Archive'));
done('move', $client->move('3', 'INBOX', $made));
done('flag', $client->flag('INBOX', '4', 'DELETED'));
done('expunge', $client->expunge('INBOX', '4'));
$said['left'] = array_map('intval', done('search', $client->search('INBOX', 'ALL', true, []))->get());
$said['unseen'] = done('unseen', $client->countUnseen('INBOX'));
$client->closeConnection();
echo json_encode($said), "\n";
