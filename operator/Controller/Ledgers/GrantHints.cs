using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What an account may grant in addition to what is needed now. Only hints: the caps hold without them.</summary>
/// <param name="Extra">What the holder may be expected to need in the next minute.</param>
/// <param name="Also">What other calls of the holder wait for right now.</param>
/// <param name="Ahead">What those wait for who asked before.</param>
public readonly record struct GrantHints(Amount Extra, Amount Also, Amount Ahead);
