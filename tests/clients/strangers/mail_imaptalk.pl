# The errand of tests/clients/test_strangers.py in the words of Mail::IMAPTalk.
use strict;
use warnings;
use Digest::SHA 'sha256_hex';
use IO::Socket::SSL;
use JSON::PP;
use Mail::IMAPTalk;

$| = 1;
my $json = JSON::PP->new->utf8->canonical;
my $given = $json->decode($ARGV[0]);
my %said;

my $socket = IO::Socket::SSL->new(
    PeerHost => $given->{host}, PeerPort => $given->{port}, SSL_ca_file => $given->{certificate}, Timeout => 30,
) or die "connect: $SSL_ERROR";
my $client = Mail::IMAPTalk->new(
    Socket => $socket, Username => $given->{user}, Password => $given->{password}, Uid => 1, PreserveINBOX => 1,
    UseBlocking => 1, UseCompress => 1,
) or die "login: $@";
$client->set_unicode_folders(1);
sub done { my ($what, $done) = @_; die "$what: $@" unless defined $done; return $done }

$said{mailboxes} = [sort map { $_->[2] } @{done('list', scalar $client->list('', '*'))}];
done('create', scalar $client->create($given->{made}));
done('subscribe', scalar $client->subscribe($given->{made}));
done('delete', scalar $client->delete('Old'));
done('append', scalar $client->append($given->{made}, '(\\Seen)', { Literal => $given->{letter} =~ s/([^\x00-\x7f]+)/bytes_of($1)/ger }));
sub bytes_of { my $text = shift; utf8::encode($text); return $text }
$said{compressed} = $client->{CompressDeflate} ? JSON::PP::true : JSON::PP::false;
$said{namespace} = done('namespace', scalar $client->namespace);
$said{status} = done('status', scalar $client->status($given->{made}, '(messages unseen uidnext uidvalidity)'))->{messages} + 0;
done('select', scalar $client->select('INBOX'));
my $messages = done('fetch', scalar $client->fetch('1:*', '(uid flags envelope bodystructure rfc822.size internaldate body.peek[])'));
my @uids = sort { $a <=> $b } keys %$messages;
$said{subjects} = [map { $messages->{$_}{envelope}{Subject} } @uids];
$said{digests} = [map { sha256_hex($messages->{$_}{body}) } @uids];
$said{structures} = [map { $messages->{$_}{bodystructure}{'MIME-Type'} } @uids];
$said{found} = [map { $_ + 0 } @{done('search', scalar $client->search('body', { Quote => 'rare needle' }))}];
if ($client->capability->{sort}) {
    $said{sorted} = [map { $_ + 0 } @{done('sort', scalar $client->sort('(reverse arrival)', 'utf-8', 'all'))}];
}
if ($client->capability->{'thread=references'}) {
    $said{threads} = scalar @{done('thread', scalar $client->thread('references', 'utf-8', 'all'))};
}
if ($client->capability->{quota}) {
    $said{quota} = done('getquotaroot', scalar $client->getquotaroot('INBOX'));
}
if ($client->capability->{acl}) {
    $said{acl} = done('getacl', scalar $client->getacl('INBOX'));
}
if ($client->capability->{metadata}) {
    done('setmetadata', scalar $client->setmetadata('INBOX', '/private/comment', 'mine'));
    $said{metadata} = done('getmetadata', scalar $client->getmetadata('INBOX', '/private/comment'));
}
done('flag', scalar $client->store('1', '+flags.silent', '(\\Flagged \\Seen)'));
done('keyword', scalar $client->store('2', '+flags', '($Work)'));
done('copy', scalar $client->copy('2', 'Archive'));
done('move', scalar $client->move('3', $given->{made}));
done('delete', scalar $client->store('4', '+flags', '(\\Deleted)'));
done('expunge', scalar $client->uidexpunge('4'));
$said{left} = [map { $_ + 0 } @{done('search', scalar $client->search('all'))}];
print $json->encode({ ready => JSON::PP::true }), "\n";
done('idle', scalar $client->idle(sub {
    my ($news, $number) = @_;
    $said{arrived} = $number + 0 if lc($news) eq 'exists';
    return $said{arrived};
}, 20));
$client->logout;
print $json->encode(\%said), "\n";
