<?php
// The errand of tests/clients/test_strangers.py in the words of Horde_Imap_Client, as Horde and Nextcloud use it.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_WARNING & ~E_NOTICE);
spl_autoload_register(function ($class) {
    $path = stream_resolve_include_path(str_replace(['_', '\\'], '/', $class) . '.php');
    if ($path) {
        require $path;
    }
});

$given = json_decode($argv[1], true);
$said = [];
stream_context_set_default(['ssl' => ['cafile' => $given['certificate']]]);
putenv('SSL_CERT_FILE=' . $given['certificate']);

$client = new Horde_Imap_Client_Socket([
    'hostspec' => $given['host'], 'port' => $given['port'], 'secure' => 'ssl', 'username' => $given['user'],
    'password' => $given['password'], 'timeout' => 30, 'id' => ['name' => 'stranger'],
    'context' => ['ssl' => ['cafile' => $given['certificate'], 'verify_peer' => true, 'verify_peer_name' => true]],
    'debug' => getenv('DEBUG') ? 'php://stderr' : null,
]);
$client->login();
$said['id'] = $client->getID()['name'] ?? null;
$said['capabilities'] = array_keys($client->capability->toArray());
$listed = $client->listMailboxes('*', Horde_Imap_Client::MBOX_ALL, [
    'attributes' => true, 'children' => true, 'special_use' => true, 'status' => Horde_Imap_Client::STATUS_MESSAGES,
]);
$said['mailboxes'] = array_values(array_map(fn ($one) => (string) $one['mailbox'], $listed));
$said['messages'] = $listed['INBOX']['status']['messages'];
$client->createMailbox($given['made']);
$client->subscribeMailbox($given['made']);
$client->deleteMailbox('Old');
$said['appended'] = $client->append($given['made'], [['data' => $given['letter'], 'flags' => ['\\seen']]])->ids;

$query = new Horde_Imap_Client_Fetch_Query();
$query->envelope();
$query->structure();
$query->flags();
$query->size();
$query->uid();
$query->imapDate();
$query->modseq();
$query->fullText(['peek' => true]);
$messages = iterator_to_array($client->fetch('INBOX', $query));
ksort($messages);
$said['subjects'] = array_values(array_map(fn ($one) => $one->getEnvelope()->subject, $messages));
$said['digests'] = array_values(array_map(fn ($one) => hash('sha256', $one->getFullMsg()), $messages));
$said['structures'] = array_values(array_map(fn ($one) => $one->getStructure()->getType(), $messages));
$said['token'] = $token = $client->getSyncToken('INBOX');

$search = new Horde_Imap_Client_Search_Query();
$search->text('rare needle');
$said['found'] = $client->search('INBOX', $search)['match']->ids;
$said['sorted'] = $client->search('INBOX', null, [
    'sort' => [Horde_Imap_Client::SORT_REVERSE, Horde_Imap_Client::SORT_ARRIVAL, Horde_Imap_Client::SORT_SUBJECT],
])['match']->ids;
if ($client->capability->query('THREAD', 'REFERENCES')) {
    $threads = $client->thread('INBOX', ['criteria' => Horde_Imap_Client::THREAD_REFERENCES]);
    $said['threads'] = $threads->messageList()->ids;
}

$ids = fn (...$uids) => new Horde_Imap_Client_Ids($uids);
$client->store('INBOX', ['add' => ['\\Flagged', '\\Seen'], 'ids' => $ids(1)]);
$client->store('INBOX', ['add' => ['$Work'], 'ids' => $ids(2)]);
$client->copy('INBOX', 'Archive', ['ids' => $ids(2)]);
$client->copy('INBOX', $given['made'], ['ids' => $ids(3), 'move' => true]);
$client->store('INBOX', ['add' => ['\\Deleted'], 'ids' => $ids(4)]);
$client->expunge('INBOX', ['ids' => $ids(4)]);

$all = new Horde_Imap_Client_Fetch_Query();
$all->uid();
$said['left'] = array_keys(iterator_to_array($client->fetch('INBOX', $all)));
sort($said['left']);
$changes = $client->sync(Horde_Imap_Client_Mailbox::get('INBOX'), $token);
$said['changed'] = $changes->flagsuids->ids;
if ($client->capability->query('QUOTA')) {
    $said['quota'] = array_values($client->getQuotaRoot('INBOX'));
}
if ($client->capability->query('ACL')) {
    $said['rights'] = (string) $client->getMyACLRights('INBOX');
}
if ($client->capability->query('METADATA')) {
    $client->setMetadata('INBOX', ['/private/comment' => 'mine']);
    $said['metadata'] = $client->getMetadata('INBOX', ['/private/comment']);
}
$client->logout();
echo json_encode($said), "\n";
