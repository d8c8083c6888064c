namespace AgentReadiness.Runtime;

/// <summary>What a watch event says happened.</summary>
public enum WatchEventKind
{
    /// <summary>The object is there, new or changed.</summary>
    Upsert,

    /// <summary>The object is gone.</summary>
    Deleted,

    /// <summary>Nothing happened up to this resource version.</summary>
    Bookmark,
}
