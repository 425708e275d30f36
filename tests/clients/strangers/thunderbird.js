// What tests/clients/test_thunderbird.py has Thunderbird do; each script it sends begins with this.
const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');

const server = () => MailServices.accounts.accounts.map((one) => one.incomingServer).find((one) => one.type === 'imap');
const folders = () => server().rootFolder.descendants;
const folder = (name) => folders().find((one) => one.name === name);
const headers = (name) => [...folder(name).messages].sort((a, b) => a.messageKey - b.messageKey);
const header = (name, id) => headers(name).find((one) => one.messageId === id);

/** Wait until `true_()`. */
async function until(what, true_) {
    for (let at = 0; at < 400; at += 1) {
        if (true_()) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`it did not happen in time: ${what}`);
}

/** Call with a listener of URLs and wait for its end. */
function finished(call) {
    return new Promise((resolve, reject) => {
        call({
            QueryInterface: ChromeUtils.generateQI(['nsIUrlListener']),
            OnStartRunningUrl() {},
            OnStopRunningUrl(_url, status) {
                status ? reject(new Error(`status ${status.toString(16)}`)) : resolve();
            },
        });
    });
}

/** Call with a listener of copies and wait for its end. */
function copied(call) {
    return new Promise((resolve, reject) => {
        call({
            QueryInterface: ChromeUtils.generateQI(['nsIMsgCopyServiceListener']),
            onStartCopy() {},
            onProgress() {},
            setMessageKey() {},
            getMessageId() {
                return null;
            },
            onStopCopy(status) {
                status ? reject(new Error(`status ${status.toString(16)}`)) : resolve();
            },
        });
    });
}

/** See what is new in a mailbox, and wait until it has so many messages. */
async function update(name, many) {
    await finished((listener) => folder(name).QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, listener));
    await until(`${many} messages in ${name}, now ${folder(name).getTotalMessages(false)}`, () => headers(name).length === many);
}

/** The octets of a message. */
function source(name, id) {
    const uri = folder(name).getUriForMsg(header(name, id));
    return new Promise((resolve, reject) => {
        let octets = '';
        MailServices.messageServiceFromURI(uri).streamMessage(uri, {
            QueryInterface: ChromeUtils.generateQI(['nsIStreamListener', 'nsIRequestObserver']),
            onStartRequest() {},
            onDataAvailable(_request, stream, _offset, count) {
                const binary = Cc['@mozilla.org/binaryinputstream;1'].createInstance(Ci.nsIBinaryInputStream);
                binary.setInputStream(stream);
                octets += binary.readBytes(count);
            },
            onStopRequest(_request, status) {
                status ? reject(new Error(`status ${status.toString(16)}`)) : resolve(btoa(octets));
            },
        }, null, null, false, '');
    });
}

/** Trust one certificate at these ports, and know the password. */
async function introduce(certificate, ports, user, password) {
    const database = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
    const overrides = Cc['@mozilla.org/security/certoverride;1'].getService(Ci.nsICertOverrideService);
    for (const port of ports) {
        overrides.rememberValidityOverride('localhost', port, {}, database.constructX509FromBase64(certificate), false);
    }
    const known = (await Services.logins.getAllLogins()).length > 0;
    for (const url of known ? [] : ['imap://localhost', 'smtp://localhost']) {
        const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo);
        login.init(url, null, url, user, password, '', '');
        await Services.logins.addLoginAsync(login);
    }
}

/** Write a message and send it; a copy goes into Sent. */
function send(to, subject, text) {
    const account = MailServices.accounts.accounts.find((one) => one.incomingServer.type === 'imap');
    const fields = Cc['@mozilla.org/messengercompose/composefields;1'].createInstance(Ci.nsIMsgCompFields);
    const identity = account.defaultIdentity;
    Object.assign(fields, { from: identity.email, to, subject, fcc: identity.fccFolderURI || folder('Sent').URI });
    return new Promise((resolve, reject) => {
        const sending = Cc['@mozilla.org/messengercompose/send;1'].createInstance(Ci.nsIMsgSend);
        sending.createAndSendMessage(null, identity, account.key, fields, false, false, Ci.nsIMsgSend.nsMsgDeliverNow, null,
            'text/plain', text, null, null, {
                QueryInterface: ChromeUtils.generateQI(['nsIMsgSendListener', 'nsIMsgCopyServiceListener']),
                onStartSending() {},
                onProgress() {},
                onSendProgress() {},
                onStatus() {},
                onStopSending(_id, status) {
                    status && reject(new Error(`sending: ${status.toString(16)}`));
                },
                onGetDraftFolderURI() {},
                onSendNotPerformed() {},
                onTransportSecurityError() {
                    reject(new Error('TLS'));
                },
                onStartCopy() {},
                setMessageKey() {},
                getMessageId() {
                    return null;
                },
                onStopCopy(status) {
                    status ? reject(new Error(`copy: ${status.toString(16)}`)) : resolve();
                },
            }, '', null, Ci.nsIMsgCompType.New);
    });
}
