"""Proofs and traces of the gradients of any network: gradcheck, its explanations, trace."""
