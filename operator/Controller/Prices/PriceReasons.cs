namespace AgentReadiness.Controller.Prices;

/// <summary>Reasons of events and log lines about the ConfigMap of prices; stable words that programs may rely on.</summary>
public static class PriceReasons
{
    /// <summary>The file is good and goes to all guardrails.</summary>
    public const string Applied = "PricesApplied";

    /// <summary>The file is not used; the message names the field and the remedy.</summary>
    public const string Invalid = "PricesInvalid";

    /// <summary>The ConfigMap that the operator's settings name is not there.</summary>
    public const string NotFound = "PricesNotFound";
}
