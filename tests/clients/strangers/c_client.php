<?php
// The errand of tests/clients/test_strangers.py in the words of c-client (alpine's library), through PHP's imap.
$given = json_decode($argv[1], true);
$server = '{' . "{$given['host']}:{$given['port']}/imap/ssl" . '}';
$made = trim($given['spelled'], '"');
$said = [];

function done($what, $done)
{
    if ($done === false) {
        fwrite(STDERR, "$what: " . json_encode(imap_errors()) . "\n");
        exit(1);
    }
    return $done;
}

$client = done('open', imap_open($server . 'INBOX', $given['user'], $given['password'], 0, 1));
$said['mailboxes'] = array_map(fn ($name) => substr($name, strlen($server)), done('list', imap_list($client, $server, '*')));
done('create', imap_createmailbox($client, $server . $made));
done('subscribe', imap_subscribe($client, $server . $made));
done('delete', imap_deletemailbox($client, $server . 'Old'));
done('append', imap_append($client, $server . $made, $given['letter'], '\\Seen', ' 1-Jan-2024 00:00:00 +0000'));
$said['status'] = done('status', imap_status($client, $server . $made, SA_ALL))->messages;
$overview = done('overview', imap_fetch_overview($client, '1:*', FT_UID));
$said['subjects'] = array_map(fn ($one) => $one->subject, $overview);
$said['structures'] = array_map(fn ($one) => imap_fetchstructure($client, $one->uid, FT_UID)->subtype, $overview);
$said['digests'] = array_map(fn ($one) => hash('sha256', imap_fetchbody($client, $one->uid, '', FT_UID | FT_PEEK)), $overview);
$said['found'] = done('search', imap_search($client, 'BODY "rare needle"', SE_UID));
$said['sorted'] = done('sort', imap_sort($client, SORTARRIVAL, true, SE_UID));
$said['threads'] = count(done('thread', imap_thread($client, SE_UID)));
done('flag', imap_setflag_full($client, '1', '\\Flagged \\Seen', ST_UID));
done('keyword', imap_setflag_full($client, '2', '$Work', ST_UID));
done('copy', imap_mail_copy($client, '2', 'Archive', CP_UID));
done('move', imap_mail_move($client, '3', $made, CP_UID));
done('delete', imap_delete($client, '4', FT_UID));
done('expunge', imap_expunge($client));
$said['left'] = done('search', imap_search($client, 'ALL', SE_UID));
$said['check'] = done('check', imap_check($client))->Nmsgs;
foreach (['quota' => fn () => imap_get_quotaroot($client, 'INBOX'), 'acl' => fn () => imap_getacl($client, 'INBOX')] as $what => $ask) {
    $said[$what] = @$ask();
}
imap_errors();
imap_close($client);
echo json_encode($said), "\n";
