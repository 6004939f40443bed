# An operator made with Perl's Net::SMPP: answers submit_sm with zero-padded ids, and sends receipts as text only.
#
# Options come as JSON in the first argument: `port`. What happens is printed as one JSON object per line. It ends with its
# standard input.
use strict;
use warnings;

use IO::Select;
use JSON::PP;
use Net::SMPP;

use constant { BIND_RECEIVER => 1, BIND_TRANSMITTER => 2, SUBMIT => 4, UNBIND => 6, BIND_TRANSCEIVER => 9 };
use constant { ENQUIRE_LINK => 0x15, DELIVER_RESPONSE => 0x80000005, RECEIPT => 4 };

my %modes = (BIND_RECEIVER, 'receiver', BIND_TRANSMITTER, 'transmitter', BIND_TRANSCEIVER, 'transceiver');
my $last_id = 4_000;

$| = 1;
# The library warns of every TLV that it has no name for, and of the end of a connection.
$SIG{__WARN__} = sub { };

sub show { print encode_json({@_}), "\n" }

# A number, not the text of it.
sub number { 0 + $_[0] }

sub tlvs {
    my ($pdu) = @_;
    my @tags = grep { /^\d+$/ } keys %$pdu;
    return { map { (sprintf('0x%04x', $_) => unpack('H*', $pdu->{$_})) } @tags };
}

sub submitted {
    my ($session, $pdu) = @_;
    my $id = sprintf '%012d', ++$last_id;
    show(
        event => 'submit', from => $pdu->{source_addr}, to => $pdu->{destination_addr}, status => 0, message_id => $id,
        (map { $_ => number($pdu->{$_}) } qw(esm_class data_coding registered_delivery priority_flag)),
        octets => unpack('H*', $pdu->{short_message}), tlvs => tlvs($pdu),
    );
    $session->submit_sm_resp(message_id => $id, seq => $pdu->{seq});
    report($session, $pdu, $id) if $pdu->{registered_delivery} & 1;
}

# Without zero-padding, which receipts of real operators lose as well.
sub report {
    my ($session, $pdu, $id) = @_;
    my $text = sprintf 'id:%d submit date:2611210000 done date:2611210001 stat:DELIVRD err:000', $id;
    $session->deliver_sm(
        source_addr_ton => 1, source_addr_npi => 1, source_addr => $pdu->{destination_addr},
        destination_addr => $pdu->{source_addr}, esm_class => RECEIPT, short_message => $text, async => 1,
    );
}

sub answer {
    my ($session, $pdu) = @_;
    my $command = $pdu->{cmd};
    if (my $mode = $modes{$command}) {
        show(event => 'bind', mode => $mode, system_id => $pdu->{system_id});
        my $respond = "bind_${mode}_resp";
        $session->$respond(system_id => 'perl', seq => $pdu->{seq});
    } elsif ($command == SUBMIT) {
        submitted($session, $pdu);
    } elsif ($command == DELIVER_RESPONSE) {
        show(event => 'receipt_answered', status => number($pdu->{status}));
    } elsif ($command == ENQUIRE_LINK) {
        $session->enquire_link_resp(seq => $pdu->{seq});
    } elsif ($command == UNBIND) {
        $session->unbind_resp(seq => $pdu->{seq});
    }
}

my $port = decode_json($ARGV[0])->{port};
my $server = Net::SMPP->new_listen('127.0.0.1', port => $port, smpp_version => 0x34) or die "cannot listen: $!";
my $sockets = IO::Select->new($server, \*STDIN);
show(event => 'listening', port => $port);
while (1) {
    for my $socket ($sockets->can_read) {
        exit if $socket == \*STDIN;
        if ($socket == $server) {
            $sockets->add($server->accept);
        } elsif (my $pdu = $socket->read_pdu) {
            answer($socket, $pdu);
        } else {
            show(event => 'closed');
            $sockets->remove($socket);
            $socket->close;
        }
    }
}
