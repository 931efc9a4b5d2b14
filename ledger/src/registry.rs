//! The ledger's operations as calls of the contracts, over any chain.

use crate::abi::{ConsentRegistry, DisclosureRegistry, Governance, KeyRegistry, LogRegistry, RecordRegistry};
use crate::action::{Action, ProposalId};
use crate::chain::{BlockRef, Call, Chain, Read, Receipt};
use crate::deployment::{self, Council, DeployConfig, Deployment, DeploymentError};
use crate::disclosure::{OpenRequest, Submission};
use crate::embedded::EmbeddedChain;
use crate::error::{ChainError, shown};
use crate::field::{scalar, word};
use crate::key::{KeyId, KeyWords};
use crate::ledger::Ledger;
use crate::proved::ProvedChain;
use crate::rpc::RpcChain;
use crate::status::{
    Disclosure, IssuerState, IssuerStatus, KeyState, KeyStatus, LogHead, LogId, ProposalStatus, RequestStatus,
    RootEntry, RootPublication, RootStatus,
};
use crate::watch::{self, Noticed};
use crate::{Account, Address, B256, LedgerError, U256};
use alloy_sol_types::{SolCall, SolEvent};
use medproof_statement::Fr;

// So many are read at once: their answer stays small.
const HEADS_AT_ONCE: U256 = U256::from_limbs([500, 0, 0, 0]);

/// A deployment on a chain.
#[derive(Debug)]
pub struct Registry<C> {
    chain: C,
    deployment: Deployment,
}

/// The ledger in this process.
pub type EmbeddedLedger = Registry<EmbeddedChain>;
/// The ledger behind a node.
pub type RpcLedger = Registry<RpcChain>;
/// The ledger behind a node, at one block that is trusted where the node is not.
pub type ProvedLedger = Registry<ProvedChain>;

impl<C: Chain> Registry<C> {
    /// Deploys the contracts.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] if the configuration is refused, or why the chain could not be
    /// written; contracts already deployed then stay, unused.
    pub fn deploy(chain: C, deployer: &Account, config: &DeployConfig) -> Result<Registry<C>, LedgerError> {
        let deployment = deployment::deploy(&chain, deployer, config)?;
        Ok(Registry { chain, deployment })
    }

    /// Uses a deployment that is there.
    ///
    /// # Errors
    /// [`ChainError::WrongChain`], or a [`DeploymentError`] if a contract is missing or of another
    /// deployment.
    pub fn attach(chain: C, deployment: Deployment) -> Result<Registry<C>, LedgerError> {
        let found = chain.chain_id()?;
        if found != deployment.chain_id {
            return Err(ChainError::WrongChain {
                expected: deployment.chain_id,
                found,
            }
            .into());
        }
        for (contract, address) in [
            ("Governance", deployment.governance),
            ("RecordRegistry", deployment.records),
            ("KeyRegistry", deployment.keys),
            ("ConsentRegistry", deployment.consents),
            ("DisclosureRegistry", deployment.disclosures),
            ("LogRegistry", deployment.logs),
        ] {
            if chain.code(address)?.is_empty() {
                return Err(DeploymentError::MissingCode {
                    contract,
                    address,
                    chain_id: found,
                }
                .into());
            }
        }
        let registry = Registry { chain, deployment };
        registry.require_wired()?;
        Ok(registry)
    }

    /// The chain itself.
    pub fn chain(&self) -> &C {
        &self.chain
    }

    fn require_wired(&self) -> Result<(), LedgerError> {
        let d = &self.deployment;
        let read = self.chain.read(&[
            call(d.disclosures, &DisclosureRegistry::registriesCall {}),
            call(d.records, &RecordRegistry::governanceCall {}),
            call(d.keys, &KeyRegistry::governanceCall {}),
            call(d.keys, &KeyRegistry::developmentCall {}),
        ])?;
        let used = answer::<DisclosureRegistry::registriesCall>(&read, 0)?;
        let mismatched = |contract, address| Err(DeploymentError::Mismatched { contract, address }.into());
        if (used._0, used._1, used._2) != (d.records, d.keys, d.consents) {
            return mismatched("DisclosureRegistry", d.disclosures);
        }
        if answer::<RecordRegistry::governanceCall>(&read, 1)? != d.governance {
            return mismatched("RecordRegistry", d.records);
        }
        if answer::<KeyRegistry::governanceCall>(&read, 2)? != d.governance
            || answer::<KeyRegistry::developmentCall>(&read, 3)? != d.development
        {
            return mismatched("KeyRegistry", d.keys);
        }
        Ok(())
    }

    fn read_one<S: SolCall>(&self, to: Address, asked: &S) -> Result<(BlockRef, S::Return), LedgerError> {
        let read = self.chain.read(&[call(to, asked)])?;
        Ok((read.block, answer::<S>(&read, 0)?))
    }

    fn write<S: SolCall>(&self, from: &Account, to: Address, asked: &S) -> Result<Receipt, LedgerError> {
        self.chain.transact(from, call(to, asked))
    }
}

impl<C: Chain> Ledger for Registry<C> {
    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn head(&self) -> Result<BlockRef, LedgerError> {
        Ok(self.chain.head()?)
    }

    fn block(&self, number: u64) -> Result<Option<BlockRef>, LedgerError> {
        Ok(self.chain.block(number)?)
    }

    fn noticed(&self, from: u64, to: u64) -> Result<Vec<Noticed>, LedgerError> {
        let d = &self.deployment;
        let logs = self.chain.logs(&[d.records, d.keys, d.consents], from, to)?;
        logs.iter().map(|log| Ok(watch::read(d, log)?)).collect()
    }

    fn issuer_status(&self, issuer: Address) -> Result<IssuerStatus, LedgerError> {
        let records = self.deployment.records;
        let read = self.chain.read(&[
            call(records, &RecordRegistry::issuerCall { account: issuer }),
            call(records, &RecordRegistry::pausedCall {}),
        ])?;
        let found = answer::<RecordRegistry::issuerCall>(&read, 0)?;
        let current_root = match found.currentRoot {
            U256::ZERO => None,
            root => Some(scalar(root)?),
        };
        Ok(IssuerStatus {
            issuer,
            state: IssuerState::from_code(found.status),
            current_root,
            epoch: found.epoch,
            last_publication_at: some_time(found.lastPublicationAt.to()),
            paused: answer::<RecordRegistry::pausedCall>(&read, 1)?,
            block: read.block,
        })
    }

    fn issuers(&self) -> Result<Vec<Address>, LedgerError> {
        let records = self.deployment.records;
        let (_, count) = self.read_one(records, &RecordRegistry::issuerCountCall {})?;
        let calls: Vec<Call> = (1..=count)
            .map(|index| call(records, &RecordRegistry::issuerAtCall { index }))
            .collect();
        let read = self.chain.read(&calls)?;
        (0..calls.len())
            .map(|i| Ok(answer::<RecordRegistry::issuerAtCall>(&read, i)?))
            .collect()
    }

    fn root_status(&self, issuer: Address, root: Fr) -> Result<RootStatus, LedgerError> {
        let records = self.deployment.records;
        let read = self.chain.read(&[
            call(
                records,
                &RecordRegistry::rootCall {
                    account: issuer,
                    root_: word(&root),
                },
            ),
            call(records, &RecordRegistry::issuerCall { account: issuer }),
            call(records, &RecordRegistry::graceCall {}),
            call(records, &RecordRegistry::pausedCall {}),
        ])?;
        let entry = answer::<RecordRegistry::rootCall>(&read, 0)?;
        let found = answer::<RecordRegistry::issuerCall>(&read, 1)?;
        Ok(RootStatus {
            issuer,
            root,
            entry: some_time(entry.publishedAt.to()).map(|published_at| RootEntry {
                epoch: entry.epoch,
                size: entry.size,
                published_at,
                superseded_at: some_time(entry.supersededAt.to()),
            }),
            issuer_state: IssuerState::from_code(found.status),
            last_publication_at: some_time(found.lastPublicationAt.to()),
            grace: answer::<RecordRegistry::graceCall>(&read, 2)?.to(),
            paused: answer::<RecordRegistry::pausedCall>(&read, 3)?,
            block: read.block,
        })
    }

    fn key_status(&self, key_id: KeyId) -> Result<KeyStatus, LedgerError> {
        let (block, key) = self.read_one(self.deployment.keys, &KeyRegistry::keyCall { keyId: key_id })?;
        Ok(KeyStatus {
            key_id,
            state: KeyState::from_code(key.status),
            tier: key.tier,
            circuit_version: key.circuitVersion,
            development: key.development,
            since: key.since.to(),
            block,
        })
    }

    fn verifying_key(&self, key_id: KeyId) -> Result<KeyWords, LedgerError> {
        let asked = KeyRegistry::verifyingKeyCall { keyId: key_id };
        Ok(self.read_one(self.deployment.keys, &asked)?.1.into())
    }

    fn consent_revoked_at(&self, handle: Fr) -> Result<Option<u64>, LedgerError> {
        let asked = ConsentRegistry::revokedAtCall { handle: word(&handle) };
        let (_, time) = self.read_one(self.deployment.consents, &asked)?;
        Ok(some_time(time.saturating_to()))
    }

    fn request(&self, audience: Address, digest: Fr) -> Result<Option<RequestStatus>, LedgerError> {
        let asked = DisclosureRegistry::requestCall {
            audience,
            requestDigest: word(&digest),
        };
        let (block, found) = self.read_one(self.deployment.disclosures, &asked)?;
        if found.number.is_zero() {
            return Ok(None);
        }
        Ok(Some(RequestStatus {
            number: found.number.to(),
            policy_digest: scalar(found.policyDigest)?,
            key_id: found.keyId,
            scope: scalar(found.scope)?,
            opened_at: found.openedAt.to(),
            expires_at: found.expiresAt.to(),
            max_root_age: found.maxRootAge.into(),
            block,
        }))
    }

    fn disclosure(
        &self,
        audience: Address,
        request_digest: Fr,
        nullifier: Fr,
    ) -> Result<Option<Disclosure>, LedgerError> {
        let asked = DisclosureRegistry::resultCall {
            audience,
            requestDigest: word(&request_digest),
            nullifier: word(&nullifier),
        };
        let (block, found) = self.read_one(self.deployment.disclosures, &asked)?;
        let Some(answered_at) = some_time(found.answeredAt.to()) else {
            return Ok(None);
        };
        // An issuer's number never changes, so another block tells the same account.
        let (_, issuer) = self.read_one(
            self.deployment.records,
            &RecordRegistry::issuerAtCall {
                index: found.issuerIndex,
            },
        )?;
        Ok(Some(Disclosure {
            issuer,
            epoch: found.epoch,
            answered_at,
            consent_tag: found.consentTag.to(),
            block,
        }))
    }

    fn nullifier_spent(&self, audience: Address, scope: Fr, nullifier: Fr) -> Result<bool, LedgerError> {
        let asked = DisclosureRegistry::isSpentCall {
            audience,
            scope: word(&scope),
            nullifier: word(&nullifier),
        };
        Ok(self.read_one(self.deployment.disclosures, &asked)?.1)
    }

    fn log_heads(&self, keeper: Address, log: LogId) -> Result<Vec<LogHead>, LedgerError> {
        let mut heads: Vec<LogHead> = Vec::new();
        loop {
            let asked = LogRegistry::headsFromCall {
                keeper,
                log: log.0,
                first: U256::from(heads.len()),
                most: HEADS_AT_ONCE,
            };
            let (_, page) = self.read_one(self.deployment.logs, &asked)?;
            let is_last = U256::from(page.len()) < HEADS_AT_ONCE;
            if U256::from(page.len()) > HEADS_AT_ONCE {
                let found = "more heads than were asked for".to_owned();
                return Err(ChainError::Malformed {
                    what: "heads of a log",
                    found,
                }
                .into());
            }
            heads.extend(page.into_iter().map(LogHead::from));
            if is_last {
                return Ok(heads);
            }
        }
    }

    fn council(&self) -> Result<Council, LedgerError> {
        let (_, found) = self.read_one(self.deployment.governance, &Governance::councilCall {})?;
        Ok(Council {
            members: found.members,
            threshold: found.threshold,
            pause_threshold: found.pauseThreshold,
            delay: found.delay,
        })
    }

    fn proposal(&self, id: ProposalId) -> Result<ProposalStatus, LedgerError> {
        let asked = Governance::proposalAtCall { id: id.word() };
        let (block, found) = self.read_one(self.deployment.governance, &asked)?;
        if found.action.is_zero() {
            return Err(crate::Refusal::ProposalUnknown { id: id.0 }.into());
        }
        Ok(ProposalStatus {
            approvals: found.approvals.count_ones(),
            required: found.required.into(),
            ready_at: some_time(found.readyAt.to()),
            executed: found.executed,
            block,
        })
    }

    fn publish_root(&self, issuer: &Account, publication: RootPublication) -> Result<Receipt, LedgerError> {
        let RootPublication { root, epoch, size } = publication;
        let asked = RecordRegistry::publishCall {
            root_: word(&root),
            epoch,
            size,
        };
        self.write(issuer, self.deployment.records, &asked)
    }

    fn publish_log_head(&self, keeper: &Account, log: LogId, head: B256) -> Result<Receipt, LedgerError> {
        let asked = LogRegistry::publishCall { log: log.0, head };
        self.write(keeper, self.deployment.logs, &asked)
    }

    fn revoke_consent(&self, from: &Account, preimage: Fr) -> Result<Receipt, LedgerError> {
        let asked = ConsentRegistry::revokeCall {
            preimage: word(&preimage),
        };
        self.write(from, self.deployment.consents, &asked)
    }

    fn open_request(&self, audience: &Account, request: &OpenRequest) -> Result<Receipt, LedgerError> {
        let asked = DisclosureRegistry::openCall { asked: request.into() };
        self.write(audience, self.deployment.disclosures, &asked)
    }

    fn submit_disclosure(&self, from: &Account, submission: &Submission) -> Result<Receipt, LedgerError> {
        let asked = DisclosureRegistry::submitCall { s: submission.into() };
        self.write(from, self.deployment.disclosures, &asked)
    }

    fn propose(&self, member: &Account, action: &Action) -> Result<ProposalId, LedgerError> {
        let Call { to, data } = action.call(&self.deployment);
        let asked = Governance::proposeCall {
            target: to,
            data: data.into(),
        };
        let receipt = self.write(member, self.deployment.governance, &asked)?;
        let id = receipt.logs.iter().find_map(|log| {
            let event = Governance::Proposed::decode_raw_log(log.topics.iter().copied(), &log.data);
            event.ok().map(|event| event.id.saturating_to())
        });
        Ok(ProposalId(id.ok_or_else(|| ChainError::Malformed {
            what: "receipt of a proposal",
            found: "no event of it".into(),
        })?))
    }

    fn approve(&self, member: &Account, id: ProposalId) -> Result<Receipt, LedgerError> {
        self.write(
            member,
            self.deployment.governance,
            &Governance::approveCall { id: id.word() },
        )
    }

    fn withdraw(&self, member: &Account, id: ProposalId) -> Result<Receipt, LedgerError> {
        self.write(
            member,
            self.deployment.governance,
            &Governance::withdrawCall { id: id.word() },
        )
    }

    fn execute(&self, member: &Account, id: ProposalId, action: &Action) -> Result<Receipt, LedgerError> {
        let Call { to, data } = action.call(&self.deployment);
        let asked = Governance::executeCall {
            id: id.word(),
            target: to,
            data: data.into(),
        };
        self.write(member, self.deployment.governance, &asked)
    }
}

fn call<S: SolCall>(to: Address, asked: &S) -> Call {
    Call {
        to,
        data: asked.abi_encode(),
    }
}

fn answer<S: SolCall>(read: &Read, index: usize) -> Result<S::Return, ChainError> {
    let data = read.answers.get(index).map(Vec::as_slice).unwrap_or_default();
    let malformed = |found: String| ChainError::Malformed {
        what: S::SIGNATURE,
        found,
    };
    let answer = S::abi_decode_returns(data).map_err(|e| malformed(shown(&e.to_string())))?;
    // The decoder passes over stray bits and bytes; a contract leaves none.
    if S::abi_encode_returns(&answer) == data {
        Ok(answer)
    } else {
        Err(malformed("values in another encoding than a contract's".into()))
    }
}

impl From<LogRegistry::Head> for LogHead {
    fn from(head: LogRegistry::Head) -> LogHead {
        LogHead {
            head: head.head,
            published_at: head.publishedAt,
        }
    }
}

/// The contracts write 0 for a time that hasn't come.
fn some_time(seconds: u64) -> Option<u64> {
    (seconds != 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: Vec<u8>) -> Read {
        Read {
            block: BlockRef {
                number: 1,
                hash: B256::ZERO,
                time: 1,
            },
            answers: vec![data],
        }
    }

    #[test]
    fn an_answer_is_what_a_contract_writes_or_refused() {
        type IsSpent = DisclosureRegistry::isSpentCall;
        type Issuer = RecordRegistry::issuerAtCall;
        let word = |first: u8, last: u8| [&[first][..], &[0; 30], &[last]].concat();
        assert_eq!(answer::<IsSpent>(&read(word(0, 1)), 0).ok(), Some(true));
        assert_eq!(answer::<Issuer>(&read(word(0, 9)), 0).ok().map(|a| a[19]), Some(9));
        // Stray bits, another truth value, a byte more, a byte less, nothing.
        for bad in [
            word(1, 1),
            word(0, 2),
            [word(0, 1), vec![0]].concat(),
            word(0, 1)[1..].to_vec(),
            vec![],
        ] {
            assert!(answer::<IsSpent>(&read(bad.clone()), 0).is_err(), "{bad:?}");
        }
        assert!(answer::<Issuer>(&read(word(1, 9)), 0).is_err());
    }
}
