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

/** What is known of messages, as long as the program runs: with a cache Horde enables QRESYNC. */
class Remembered extends Horde_Imap_Client_Cache_Backend
{
    private $known = [];
    private $about = [];

    public function get($mailbox, $uids, $fields, $uidvalid)
    {
        return array_intersect_key($this->known[strval($mailbox)] ?? [], array_flip($uids));
    }

    public function getCachedUids($mailbox, $uidvalid)
    {
        return array_keys($this->known[strval($mailbox)] ?? []);
    }

    public function set($mailbox, $data, $uidvalid)
    {
        $name = strval($mailbox);
        foreach ($data as $uid => $one) {
            $this->known[$name][$uid] = array_merge($this->known[$name][$uid] ?? [], $one);
        }
        $this->about[$name]['uidvalid'] = $uidvalid;
    }

    public function getMetaData($mailbox, $uidvalid, $entries)
    {
        return $this->about[strval($mailbox)] ?? ['uidvalid' => $uidvalid];
    }

    public function setMetaData($mailbox, $data)
    {
        $this->about[strval($mailbox)] = array_merge($this->about[strval($mailbox)] ?? [], $data);
    }

    public function deleteMsgs($mailbox, $uids)
    {
        foreach ($uids as $uid) {
            unset($this->known[strval($mailbox)][$uid]);
        }
    }

    public function deleteMailbox($mailbox)
    {
        unset($this->known[strval($mailbox)], $this->about[strval($mailbox)]);
    }

    public function clear($lifetime)
    {
    }
}

$settings = [
    'hostspec' => $given['host'], 'port' => $given['port'], 'secure' => 'ssl', 'username' => $given['user'],
    'password' => $given['password'], 'timeout' => 30, 'id' => ['name' => 'stranger'],
    'context' => ['ssl' => ['cafile' => $given['certificate'], 'verify_peer' => true, 'verify_peer_name' => true]],
    'debug' => getenv('DEBUG') ? 'php://stderr' : null,
];
$client = new Horde_Imap_Client_Socket($settings);
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

// once more, with a cache: what another did meanwhile is learned when the mailbox is opened again
$cached = new Horde_Imap_Client_Socket($settings + ['cache' => ['backend' => new Remembered()]]);
for ($one = 1; $one <= 3; $one++) {
    $text = "Message-ID: <draft$one@horde>\r\n\r\n" . str_repeat('x', 100); // one below 100 octets it would quote
    $cached->append('Drafts', [['data' => $text]]);
}
$known = new Horde_Imap_Client_Fetch_Query();
$known->envelope();
$known->flags();
$cached->fetch('Drafts', $known);
$cached->openMailbox('INBOX');
$client->store('Drafts', ['add' => ['\\Deleted'], 'ids' => $ids(1)]);
$client->store('Drafts', ['add' => ['\\Flagged'], 'ids' => $ids(3)]);
$client->expunge('Drafts', ['ids' => $ids(1)]);
$cached->openMailbox('Drafts');
$said['resynchronised'] = $cached->capability->isEnabled('QRESYNC');
$said['kept'] = array_map(
    fn ($one) => array_values(array_diff($one->getFlags(), ['\\recent'])),
    iterator_to_array($cached->fetch('Drafts', $known))
);
$said['vanished'] = $cached->vanished('Drafts', 1)->ids;
$cached->logout();
$client->logout();
echo json_encode($said), "\n";
