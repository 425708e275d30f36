# The errand of tests/clients/test_strangers.py in the words of Mail::IMAPClient.
use strict;
use warnings;
use Digest::SHA 'sha256_hex';
use IO::Socket::SSL;
use JSON::PP;
use Mail::IMAPClient;

$| = 1;
my $json = JSON::PP->new->utf8->canonical;
my $given = $json->decode($ARGV[0]);
my ($made) = $given->{spelled} =~ /^"(.*)"$/;
my %said;

my $client = Mail::IMAPClient->new(
    Server => $given->{host}, Port => $given->{port}, User => $given->{user}, Password => $given->{password},
    Ssl => [SSL_ca_file => $given->{certificate}, SSL_verify_mode => SSL_VERIFY_PEER], Uid => 1, Peek => 1,
    Timeout => 30,
) or die "login: $@";
sub done { my ($what, $done) = @_; die "$what: " . $client->LastError unless defined $done; return $done }

$said{capabilities} = done('capability', scalar $client->capability);
$said{mailboxes} = [sort @{done('folders', scalar $client->folders)}];
done('create', $client->create($made));
done('subscribe', $client->subscribe($made));
done('delete', $client->delete('Old'));
done('append', $client->append_string($made, $given->{letter} =~ s/\r\n/\n/gr, '\\Seen'));
$said{status} = done('status', $client->message_count($made));
done('select', $client->select('INBOX'));
my @uids = @{done('messages', scalar $client->messages)};
$said{subjects} = [map { $client->subject($_) } @uids];
$said{digests} = [map { sha256_hex($client->message_string($_)) } @uids];
$said{found} = [map { $_ + 0 } @{done('search', scalar $client->search(BODY => \'"rare needle"'))}];
$said{structure} = $client->get_bodystructure($uids[0])->bodytype;
$said{envelope} = $client->get_envelope($uids[0])->messageid;
if ($client->has_capability('SORT')) {
    $said{sorted} = [map { $_ + 0 } $client->sort('(REVERSE ARRIVAL)', 'UTF-8', 'ALL')];
}
if ($client->has_capability('THREAD=REFERENCES')) {
    $said{threads} = scalar @{$client->thread('REFERENCES', 'UTF-8', 'ALL')};
}
if ($client->has_capability('QUOTA')) {
    $said{quota} = [$client->quota('user')];
}
done('flag', $client->store('1', '+FLAGS.SILENT', '(\\Flagged \\Seen)'));
done('keyword', $client->store('2', '+FLAGS', '($Work)'));
done('copy', $client->copy('Archive', 2));
done('move', $client->move($made, 3));
done('delete_message', $client->delete_message(4));
done('expunge', $client->expunge);
$said{left} = [map { $_ + 0 } @{done('messages', scalar $client->messages)}];
my $idle = done('idle', $client->idle);
print $json->encode({ ready => JSON::PP::true }), "\n";
until ($said{arrived}) {
    my $news = done('idle_data', scalar $client->idle_data(20));
    for (@$news) { $said{arrived} = $1 + 0 if /^\* (\d+) EXISTS/ }
}
done('done', $client->done($idle));
done('logout', $client->logout);
print $json->encode(\%said), "\n";
