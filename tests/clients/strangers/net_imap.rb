# The errand of tests/clients/test_strangers.py in the words of Ruby's net/imap.
require 'digest'
require 'json'
require 'net/imap'

given = JSON.parse(ARGV[0])
said = {}
Net::IMAP.debug = ENV.key?('DEBUG')
client = Net::IMAP.new(given['host'], port: given['port'], ssl: { ca_file: given['certificate'] })
client.authenticate('PLAIN', given['user'], given['password'])
said['capabilities'] = client.capability
made = Net::IMAP.encode_utf7(given['made'])
said['mailboxes'] = client.list('', '*').map { |one| Net::IMAP.decode_utf7(one.name) }.sort
client.create(made)
client.subscribe(made)
client.delete('Old')
client.append(made, given['letter'], [:Seen], Time.at(0))
said['status'] = client.status(made, ['MESSAGES'])['MESSAGES']
client.select('INBOX')
messages = client.uid_fetch(1..-1, ['ENVELOPE', 'BODYSTRUCTURE', 'INTERNALDATE', 'RFC822.SIZE', 'FLAGS', 'BODY.PEEK[]'])
said['subjects'] = messages.map { |one| one.attr['ENVELOPE'].subject }
said['digests'] = messages.map { |one| Digest::SHA256.hexdigest(one.attr['BODY[]']) }
said['structures'] = messages.map { |one| one.attr['BODYSTRUCTURE'].media_type }
said['found'] = client.uid_search(['BODY', 'rare needle'])
if client.capability.include?('SORT')
  said['sorted'] = client.uid_sort(%w[REVERSE ARRIVAL], 'ALL', 'UTF-8')
end
if client.capability.include?('THREAD=REFERENCES')
  said['threads'] = client.uid_thread('REFERENCES', 'ALL', 'UTF-8').size
end
if client.capability.include?('QUOTA')
  said['quota'] = client.getquotaroot('INBOX').size
end
if client.capability.include?('ACL')
  said['acl'] = client.getacl('INBOX').map(&:rights)
end
client.uid_store(1, '+FLAGS.SILENT', %i[Flagged Seen])
client.uid_store(2, '+FLAGS', ['$Work'])
client.uid_copy(2, 'Archive')
client.uid_move(3, made)
client.uid_store(4, '+FLAGS', [:Deleted])
client.expunge
said['left'] = client.uid_search(['ALL'])
puts JSON.generate({ ready: true })
$stdout.flush
client.idle(20) do |response|
  if response.is_a?(Net::IMAP::UntaggedResponse) && response.name == 'EXISTS' && response.data > said['left'].size
    said['arrived'] = response.data
    client.idle_done
  end
end
client.logout
client.disconnect
puts JSON.generate(said)
