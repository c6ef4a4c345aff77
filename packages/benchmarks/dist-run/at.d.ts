export declare function at<Item>(items: readonly Item[], index: number): Item;
//# sourceMappingURL=at.d.ts.map
