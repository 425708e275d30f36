# The errand of tests/clients/test_strangers.py in the words of Net::IMAP::Client, which neither moves nor idles.
use strict;
use warnings;
use Digest::SHA 'sha256_hex';
use JSON::PP;
use Net::IMAP::Client;

my $json = JSON::PP->new->utf8->canonical;
my $given = $json->decode($ARGV[0]);
my ($made) = $given->{spelled} =~ /^"(.*)"$/;
my %said;

my $client = Net::IMAP::Client->new(
    server => $given->{host}, port => $given->{port}, user => $given->{user}, pass => $given->{password}, ssl => 1,
    ssl_options => { SSL_ca_file => $given->{certificate} },
) or die "connect: $@";
sub done { my ($what, $done) = @_; die "$what: " . $client->last_error unless $done; return $done }

done('login', $client->login);
$said{mailboxes} = [sort @{done('folders', scalar $client->folders)}];
done('create', $client->create_folder($made));
done('delete', $client->delete_folder('Old'));
done('append', $client->append($made, \(my $octets = bytes_of($given->{letter})), ['\\Seen']));
sub bytes_of { my $text = shift; utf8::encode($text); return $text }
$said{status} = done('status', $client->status($made))->{MESSAGES};
done('select', $client->select('INBOX'));
my $uids = done('search', $client->search('ALL'));
my $summaries = done('summaries', $client->get_summaries($uids));
$said{subjects} = [map { $_->subject } sort { $a->uid <=> $b->uid } @$summaries];
$said{digests} = [map { sha256_hex(${$client->get_rfc822_body($_)}) } @$uids];
$said{found} = done('search', $client->search({ body => 'rare needle' }));
if (grep { $_ eq 'SORT' } @{$client->capability}) {
    $said{sorted} = done('sort', $client->search('ALL', ['^arrival', 'subject']));
    $said{threads} = scalar @{done('threads', $client->get_threads('REFERENCES'))};
}
done('flag', $client->store(1, ['\\Flagged', '\\Seen']));
done('keyword', $client->store(2, '$Work'));
done('copy', $client->copy(2, 'Archive'));
done('copy', $client->copy(3, $made));
done('delete', $client->delete_message([3, 4]));
done('expunge', $client->expunge);
$said{left} = done('search', $client->search('ALL'));
$client->logout;
print $json->encode(\%said), "\n";
